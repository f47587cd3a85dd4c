#include "core/detector.h"

#include <assert.h>

#include "core/step.h"

enum { HEARTBEATS_MISSED = 4, MARGIN_MIN_MS = 20 };

int64_t xy_detector_margin_ms(int64_t interval_ms)
{
    int64_t half = interval_ms / 2;
    return half > MARGIN_MIN_MS ? half : MARGIN_MIN_MS;
}

void xy_detector_set_interval(xy_detector *detector, int64_t interval_ms, int64_t now_ms)
{
    assert(interval_ms >= 0);
    detector->interval_ms = interval_ms;
    xy_detector_begin(detector, now_ms);
}

void xy_detector_begin(xy_detector *detector, int64_t now_ms)
{
    detector->look_ms = now_ms + detector->interval_ms;
}

int64_t xy_detector_expiry(const xy_detector *detector, int64_t now_ms)
{
    int64_t interval = detector->interval_ms;
    if (interval == 0)
        return XY_NEVER;
    return now_ms + HEARTBEATS_MISSED * interval + xy_detector_margin_ms(interval);
}

int64_t xy_detector_look(xy_detector *detector, int64_t now_ms)
{
    int64_t late = now_ms - detector->look_ms;
    if (detector->interval_ms == 0)
        return 0;
    xy_detector_begin(detector, now_ms);
    return late > xy_detector_margin_ms(detector->interval_ms) ? late : 0;
}

int64_t xy_detector_deadline(const xy_detector *detector)
{
    return detector->interval_ms == 0 ? XY_NEVER : detector->look_ms;
}
