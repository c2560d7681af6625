/* Runs a program with the system calls alone that a seccomp profile allows:
 *
 *   confined PROFILE PROGRAM [ARGUMENT...]
 *
 * The profile is a container runtime's (docs/deployment/seccomp.json). There, another call fails; here it
 * ends the process by SIGSYS, so that none goes unseen. */
#include <jansson.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "confined: %s\n", what);
    exit(99);
}

/* A call that this processor has not is none that can be made. */
static void allow(scmp_filter_ctx filter, const char *name)
{
    int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR)
        must(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) == 0, name);
}

static void allow_all(scmp_filter_ctx filter, const json_t *profile)
{
    size_t i, k;
    json_t *group, *name;
    json_array_foreach(json_object_get(profile, "syscalls"), i, group)
    {
        const char *action = json_string_value(json_object_get(group, "action"));
        must(action && strcmp(action, "SCMP_ACT_ALLOW") == 0, "the profile has another action than to allow");
        json_array_foreach(json_object_get(group, "names"), k, name) allow(filter, json_string_value(name));
    }
}

int main(int argc, char **argv)
{
    must(argc > 2, "usage: confined PROFILE PROGRAM [ARGUMENT...]");
    json_error_t error;
    json_t *profile = json_load_file(argv[1], 0, &error);
    must(profile != NULL, error.text);
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    must(filter != NULL, "seccomp_init");
    allow_all(filter, profile);
    must(seccomp_load(filter) == 0, "seccomp_load");
    seccomp_release(filter);
    json_decref(profile);
    execv(argv[2], argv + 2);
    must(0, argv[2]);
}
