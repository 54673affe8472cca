#!/usr/bin/env bash
# Prints a free port below the range of outgoing connections, so that it is still free a minute later.
while
  port=$((20000 + RANDOM % 12000))
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
do :; done
echo "$port"
