#include "proto/http_date.h"
#include "proto/http1_char.h"
#include <stdio.h>
#include <time.h>

#define DAY 86400

static const char *const days[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                    "Thursday", "Friday", "Saturday" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* It is in English. strftime() would use the locale of the process. */
void pinion__http_date_write(int64_t seconds, char out[PINION_HTTP_DATE])
{
    char text[80]; /* for any year, as the compiler sees it */
    struct tm utc = { .tm_mday = 1 };
    time_t time = (time_t)seconds;
    gmtime_r(&time, &utc);
    snprintf(text, sizeof text, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days[utc.tm_wday], utc.tm_mday,
             months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    memcpy(out, text, PINION_HTTP_DATE - 1);
    out[PINION_HTTP_DATE - 1] = '\0';
}

/* ---- the parts of a date ---- */

struct date {
    int year, month, day; /* the month from 0 */
    int hour, minute, second;
};

/* Each function takes a part from the start of the text, if it is there. */

static bool take(struct pinion_slice *text, const char *part)
{
    size_t len = strlen(part);
    if (text->len < len || memcmp(text->ptr, part, len) != 0)
        return false;
    *text = pinion__slice(text->ptr + len, text->len - len);
    return true;
}

static bool take_number(struct pinion_slice *text, size_t digits, int *number)
{
    *number = 0;
    if (text->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (!pinion__http1_is_digit(text->ptr[i]))
            return false;
        *number = *number * 10 + (text->ptr[i] - '0');
    }
    *text = pinion__slice(text->ptr + digits, text->len - digits);
    return true;
}

static bool take_day_name(struct pinion_slice *text, bool whole)
{
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        char name[10];
        snprintf(name, sizeof name, whole ? "%s" : "%.3s", days[i]);
        if (take(text, name))
            return true;
    }
    return false;
}

static bool take_month(struct pinion_slice *text, int *month)
{
    for (*month = 0; *month < 12; ++*month) {
        if (take(text, months[*month]))
            return true;
    }
    return false;
}

static bool take_time(struct pinion_slice *text, struct date *date)
{
    return take_number(text, 2, &date->hour) && take(text, ":") && take_number(text, 2, &date->minute) &&
           take(text, ":") && take_number(text, 2, &date->second);
}

/* A day of one digit has a blank before it. */
static bool take_short_day(struct pinion_slice *text, int *day)
{
    return take(text, " ") ? take_number(text, 1, day) : take_number(text, 2, day);
}

/* ---- the three forms ---- */

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_fixed(struct pinion_slice text, struct date *date)
{
    return take_day_name(&text, false) && take(&text, ", ") && take_number(&text, 2, &date->day) &&
           take(&text, " ") && take_month(&text, &date->month) && take(&text, " ") &&
           take_number(&text, 4, &date->year) && take(&text, " ") && take_time(&text, date) &&
           take(&text, " GMT") && text.len == 0;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" of RFC 850 */
static bool read_short_year(struct pinion_slice text, struct date *date)
{
    return take_day_name(&text, true) && take(&text, ", ") && take_number(&text, 2, &date->day) &&
           take(&text, "-") && take_month(&text, &date->month) && take(&text, "-") &&
           take_number(&text, 2, &date->year) && take(&text, " ") && take_time(&text, date) &&
           take(&text, " GMT") && text.len == 0;
}

/* "Sun Nov  6 08:49:37 1994" of asctime() */
static bool read_asctime(struct pinion_slice text, struct date *date)
{
    return take_day_name(&text, false) && take(&text, " ") && take_month(&text, &date->month) &&
           take(&text, " ") && take_short_day(&text, &date->day) && take(&text, " ") &&
           take_time(&text, date) && take(&text, " ") && take_number(&text, 4, &date->year) && text.len == 0;
}

/* ---- its seconds ---- */

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A leap second is allowed, as it is in the RFC. */
static bool exists(const struct date *date)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int length = lengths[date->month] + (date->month == 1 && is_leap(date->year));
    return date->day >= 1 && date->day <= length && date->hour < 24 && date->minute < 60 &&
           date->second <= 60;
}

/* The days from the start of the year 0 to the start of this one. */
static int64_t days_before(int year)
{
    return year == 0 ? 0 : year * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1;
}

static int64_t seconds_of(const struct date *date)
{
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    int64_t day = days_before(date->year) - days_before(1970) + before[date->month] + date->day - 1;
    if (date->month > 1 && is_leap(date->year))
        day++;
    return day * DAY + date->hour * 3600 + date->minute * 60 + date->second;
}

/* The latest year with these two digits that is not more than 50 years away. */
static int full_year(const struct date *date, int64_t now)
{
    struct date full = *date;
    struct tm utc = { .tm_year = 70 };
    time_t time = (time_t)now;
    gmtime_r(&time, &utc);
    utc.tm_year += 50;
    time = timegm(&utc);
    full.year = (utc.tm_year + 1900) / 100 * 100 + date->year;
    return seconds_of(&full) > (int64_t)time ? full.year - 100 : full.year;
}

bool pinion__http_date_read(struct pinion_slice text, int64_t now, int64_t *seconds)
{
    struct date date = { 0 };
    bool shortened = false;
    if (!read_fixed(text, &date) && !(shortened = read_short_year(text, &date)) && !read_asctime(text, &date))
        return false;
    if (shortened)
        date.year = full_year(&date, now);
    if (!exists(&date))
        return false;
    *seconds = seconds_of(&date);
    return true;
}
