mod damage;
mod disk;
mod failure;
mod files;
mod growth;
mod model;
mod power;
