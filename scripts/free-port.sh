#!/usr/bin/env bash
# A port that nobody listens on, below what the system gives to outgoing connections: it may be used a minute later.
while
  port=$((20000 + RANDOM % 12000))
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
do :; done
echo "$port"
