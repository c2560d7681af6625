// A dashboard: a channel that wants some of the readings, and gets the newest of each key when it is behind.
#ifndef GATEWAY_DASHBOARD_HPP
#define GATEWAY_DASHBOARD_HPP

#include "gateway.hpp"

extern const pinion_channel_def dashboard_channel;

#endif
