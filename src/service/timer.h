/* timer: a stopwatch: start (from zero), stop, time (running or frozen; 0 before the first start).
 */
#ifndef XY_TIMER_H
#define XY_TIMER_H

#include "service/service.h"

extern const xy_service xy_timer;

#endif
