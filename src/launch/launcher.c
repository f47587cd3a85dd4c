#include "launch/launcher.h"

#include <assert.h>
#include <string.h>

xy_event xy_launch_event(const xy_launch_report *report)
{
    xy_event event = {.kind = report->kind};
    switch (report->kind) {
    case XY_EVENT_STARTED:
        event.started.life = report->life;
        event.started.pid = report->pid;
        event.started.key = report->key;
        break;
    case XY_EVENT_EXPECTED:
        event.expected.life = report->life;
        event.expected.link = report->link;
        event.expected.tag = report->tag;
        break;
    case XY_EVENT_ATTACHED:
        event.attached.life = report->life;
        event.attached.link = report->link;
        event.attached.address = report->address;
        break;
    case XY_EVENT_ENDED:
        event.ended.life = report->life;
        event.ended.begun = report->begun;
        event.ended.cause = report->cause;
        event.ended.reason = report->error.text;
        break;
    default:
        assert(report->kind == XY_EVENT_SIGNALLED);
        event.signalled.command = report->command;
        event.signalled.status = report->error.code;
        event.signalled.reason = report->error.text;
    }
    return event;
}

xy_launch_report xy_launch_report_of(const xy_action *action)
{
    xy_launch_report report = {.kind = XY_EVENT_EXPECTED};
    if (action->kind == XY_ACTION_EXPECTED) {
        report.life = action->expected.life;
        report.link = action->expected.link;
        report.tag = action->expected.tag;
        return report;
    }
    assert(action->kind == XY_ACTION_ATTACHED);
    report.kind = XY_EVENT_ATTACHED;
    report.life = action->attached.life;
    report.link = action->attached.link;
    memcpy(report.address, action->attached.address, sizeof report.address);
    return report;
}
