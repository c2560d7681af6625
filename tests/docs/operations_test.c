/* docs/operations.md: the page of metrics behind a token. */
#include "docs/snippet.h"
#include "helpers/metrics.h"
#include "helpers/tcp.h"
#include <stdatomic.h>

/* ---- the snippet ---- */

static int with_metrics(pinion_endpoint *endpoint)
{
    return pinion_endpoint_metrics(endpoint, "/metrics", &(pinion_metrics_options){ .token = "s3cret" });
}

static pinion_counter *games;
static pinion_gauge *players;

static int with_figures(pinion_endpoint *endpoint)
{
    int rc = pinion_counter_new(&games, endpoint, "arcade_games_total", "Games that were played.",
                                PINION_LABELS({ "game", "chess" }));
    if (!rc)
        rc = pinion_gauge_new(&players, endpoint, "arcade_players", "Players at the tables.", NULL);
    return rc;
}

static void game_over(void)
{
    pinion_counter_add(games, 1);
    pinion_gauge_add(players, -2);
}

static void trace(pinion_endpoint *endpoint, const pinion_telemetry *event, void *data)
{
    if (event->duration_ns > 5000000 || strcmp(event->result, "crash") == 0)
        fprintf(stderr, "%s %s %s: %s, %llu ns\n", event->callback, event->topic ? event->topic : "",
                event->event ? event->event : "", event->result, (unsigned long long)event->duration_ns);
}

static const pinion_endpoint_options traced = { .host = "127.0.0.1", .telemetry = trace };

/* ---- its test ---- */

static atomic_int told;

static void note(pinion_endpoint *endpoint, const pinion_telemetry *event, void *data)
{
    trace(endpoint, event, data);
    if (strcmp(event->callback, "connect") == 0 && strcmp(event->mount, "/socket") == 0 &&
        strcmp(event->transport, "websocket") == 0 && strcmp(event->result, "error") == 0)
        (*(atomic_int *)data)++;
}

static pinion_result refuse(pinion_socket *socket, const pinion_payload *params,
                            const pinion_connect_info *info)
{
    return pinion_error(NULL);
}

static const pinion_channel_def room;
static const pinion_socket_def nobody = { .connect = refuse, .channels = PINION_ROUTES({ "room:*", &room }) };

static void connects_are_traced(void **state)
{
    static const char upgrade[] = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: x\r\n"
                                  "Connection: upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    char head[2000];
    pinion_endpoint *endpoint = NULL;
    pinion_endpoint_options options = traced;
    options.telemetry = note;
    options.telemetry_data = &told;
    ok(pinion_endpoint_new(&endpoint, &options));
    ok(pinion_endpoint_socket(endpoint, "/socket", &nobody, NULL));
    ok(pinion_endpoint_start(endpoint));
    int fd = tcp_connect(pinion_endpoint_port(endpoint));
    assert_true(tcp_send(fd, upgrade, strlen(upgrade)));
    assert_int_equal(tcp_head(fd, head, sizeof head), 403);
    close(fd);
    pinion_endpoint_free(endpoint);
    assert_int_equal(told, 1);
}

static void own_figures_are_shown(void **state)
{
    mount_metrics();
    ok(with_figures(pinion_test_endpoint(test)));
    game_over();
    assert_metric("arcade_games_total", "game=\"chess\"", 1);
    assert_metric("arcade_players", "", -2);
}

static void it_wants_the_token(void **state)
{
    pinion_test_answer *answer = NULL;
    ok(with_metrics(pinion_test_endpoint(test)));
    ok(pinion_test_http(test, "GET", "/metrics", NULL, &answer));
    ok(pinion_test_expect_status(answer, 401));
    ok(pinion_test_http(test, "GET", "/metrics",
                        &(pinion_test_http_options){ .headers = PINION_LIST("authorization: Bearer s3cret") },
                        &answer));
    ok(pinion_test_expect_status(answer, 200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_wants_the_token, setup, teardown),
        cmocka_unit_test_setup_teardown(own_figures_are_shown, setup, teardown),
        cmocka_unit_test(connects_are_traced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
