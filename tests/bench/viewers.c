// Thousands of viewers of one room, as one process: opens N event streams and says when each pin has reached all.
//
//   viewers HOST PORT N PATH
//
// Prints "READY <n> <seconds>" when all streams are open, then "PIN <k> <monotonic ns of the slowest viewer>" each
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

enum { MOST_PINS = 4096, AT_ONCE = 128, EVENTS = 512 };
static const char CARD[] = "hx-target=\"#pinned\"";  // once in each card; its first letter occurs nowhere else in it

struct viewer {
  int fd;
  int answered;  // the server's head was read
  int matched;   // letters of CARD seen, across reads
  int cards;
};

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void open_stream(struct viewer *v, int epoll, int number, int port, const char *host) {
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &there.sin_addr);
  v->fd = socket(AF_INET, SOCK_STREAM, 0);
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
  if (argc != 5) return fprintf(stderr, "viewers HOST PORT N PATH\n"), 2;
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
      open_stream(&viewers[opened], epoll, opened, port, host);
      if (write(viewers[opened].fd, request, length) != length) return perror("viewers: write"), 1;
    }
    int count = epoll_wait(epoll, events, EVENTS, 1000);
    for (int i = 0; i < count; i++) {
      if (events[i].data.u32 == (unsigned)n) return 0;
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
      }
      for (int cards = read_cards(v, buffer, got); cards; cards--)
        if (v->cards < MOST_PINS && ++reached[v->cards++] == n) printf("PIN %d %lld\n", v->cards, at);
    }
    if (!ready && answered == n) {
      ready = 1;
      printf("READY %d %.2f\n", n, (now_ns() - began) / 1e9);
    }
  }
}
