// atmqtt for C++17.
#ifndef ATMQTT_HPP
#define ATMQTT_HPP
#include "atmqtt.h"
#endif
