#include <pinion/pinion.h>

static void home(const pinion_request *request, pinion_response *response, void *data)
{
    pinion_response_send(response, 200, "text/plain", "up", 2);
}

int main(int argc, char **argv)
{
    pinion_endpoint *endpoint = NULL;
    int rc = pinion_supervise(&(pinion_supervise_options){ .port = 4000 }, argv);
    if (!rc)
        rc = pinion_endpoint_new(&endpoint, &(pinion_endpoint_options){ .port = 4000 });
    if (!rc)
        rc = pinion_endpoint_get(endpoint, "/", home, NULL);
    if (!rc)
        rc = pinion_endpoint_run(endpoint);
    pinion_endpoint_free(endpoint);
    return pinion_exit(rc);
}
