// Thousands of viewers of one room, as one process: opens N event streams and says when each pin has reached all.
//
//   viewers HOST PORT N PATH [stalled]
//
// A sentence that carries "@" and 19 digits of monotonic nanoseconds is timed when it is read; a line on the input is
// answered with "TOLD <sentences read> <median ms> <p99 ms> <slowest ms>" of those since the last one. The stalled read
// the server's head and nothing more. Prints "READY <n> <seconds>" when all streams are open, then "PIN <k> <monotonic ns of the slowest viewer>" each
// time the last viewer has read its k-th card, and "LOST <n>" when streams end. Stops when its input is closed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PINS = 4096, AT_ONCE = 128, EVENTS = 512, MOST_MS = 60000 };
static const char CARD[] = "hx-target=\"#pinned\"";  // once in each card; its first letter occurs nowhere else in it

struct viewer {
  int fd;
  int answered;  // the server's head was read
  int matched;   // letters of CARD seen, across reads
  int cards;
  int digits;    // of a time that is being read; 0 when none is
  long long time;
};

static long long waited[MOST_MS], told;  // sentences by the milliseconds they took

static void tell(void) {
  long long seen = 0;
  int median = -1, p99 = -1, slowest = 0;
  for (int ms = 0; ms < MOST_MS; ms++) {
    seen += waited[ms];
    if (waited[ms]) slowest = ms;
    if (median < 0 && seen * 2 >= told) median = ms;
    if (p99 < 0 && seen * 100 >= told * 99) p99 = ms;
  }
  printf("TOLD %lld %d %d %d\n", told, median, p99, slowest);
  memset(waited, 0, sizeof waited);
  told = 0;
}

static void read_times(struct viewer *v, const char *bytes, ssize_t length, long long now) {
  for (const char *at = bytes, *end = bytes + length; at < end; at++) {
    if (!v->digits) {
      if (!(at = memchr(at, '@', end - at))) return;
      v->digits = 19, v->time = 0;
    } else {
      v->time = v->time * 10 + (*at - '0');
      if (--v->digits) continue;
      long long ms = (now - v->time) / 1000000;
      waited[ms < 0 ? 0 : ms < MOST_MS ? ms : MOST_MS - 1]++, told++;
    }
  }
}

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void open_stream(struct viewer *v, int epoll, int number, int port, const char *host, int stalled) {
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &there.sin_addr);
  v->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (stalled) setsockopt(v->fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
  if (v->fd < 0 || connect(v->fd, (struct sockaddr *)&there, sizeof there) < 0) {
    perror("viewers: connect");
    exit(1);
  }
  fcntl(v->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event e = {.events = EPOLLIN, .data.u32 = number};
  epoll_ctl(epoll, EPOLL_CTL_ADD, v->fd, &e);
}

// How many cards end in these bytes.
static int read_cards(struct viewer *v, const char *bytes, ssize_t length) {
  int found = 0;
  for (ssize_t i = 0; i < length; i++) {
    if (bytes[i] == CARD[v->matched]) {
      if (!CARD[++v->matched]) v->matched = 0, found++;
    } else {
      v->matched = bytes[i] == CARD[0];
    }
  }
  return found;
}

int main(int argc, char **argv) {
  if (argc < 5) return fprintf(stderr, "viewers HOST PORT N PATH [stalled]\n"), 2;
  int stalled = argc > 5;
  const char *host = argv[1], *path = argv[4];
  int port = atoi(argv[2]), n = atoi(argv[3]);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  struct viewer *viewers = calloc(n, sizeof *viewers);
  static int reached[MOST_PINS];
  static char buffer[1 << 16];
  static struct epoll_event events[EVENTS];
  char request[512];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: market\r\nAccept: text/event-stream\r\n\r\n", path);
  int epoll = epoll_create1(0), opened = 0, answered = 0, lost = 0, ready = 0;
  struct epoll_event end = {.events = EPOLLIN, .data.u32 = (unsigned)n};
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &end);
  long long began = now_ns();
  setvbuf(stdout, NULL, _IOLBF, 0);

  for (;;) {
    for (; opened < n && opened - answered < AT_ONCE; opened++) {
      open_stream(&viewers[opened], epoll, opened, port, host, stalled);
      if (write(viewers[opened].fd, request, length) != length) return perror("viewers: write"), 1;
    }
    int count = epoll_wait(epoll, events, EVENTS, 1000);
    for (int i = 0; i < count; i++) {
      if (events[i].data.u32 == (unsigned)n) {
        if (read(0, buffer, sizeof buffer) <= 0) return 0;
        tell();
        continue;
      }
      struct viewer *v = &viewers[events[i].data.u32];
      ssize_t got = read(v->fd, buffer, sizeof buffer);
      if (got <= 0) {
        if (got < 0 && errno == EAGAIN) continue;
        close(v->fd);
        printf("LOST %d\n", ++lost);
        continue;
      }
      long long at = now_ns();
      if (!v->answered) {
        if (got < 12 || memcmp(buffer, "HTTP/1.1 200", 12)) return fprintf(stderr, "viewers: %.12s\n", buffer), 1;
        v->answered = 1, answered++;
        if (stalled) epoll_ctl(epoll, EPOLL_CTL_DEL, v->fd, NULL);
      }
      read_times(v, buffer, got, at);
      for (int cards = read_cards(v, buffer, got); cards; cards--)
        if (v->cards < MOST_PINS && ++reached[v->cards++] == n) printf("PIN %d %lld\n", v->cards, at);
    }
    if (!ready && answered == n) {
      ready = 1;
      printf("READY %d %.2f\n", n, (now_ns() - began) / 1e9);
    }
  }
}
