# Pinned by digest, so that builds of different days start from the same bytes. The digest is that of the index of all
# platforms, as docker-library/repo-info lists it for this tag; renew tag and digest together, with `node` in package.json.
ARG BASE=node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6

# --ignore-scripts: better-sqlite3 brings its binaries along, and its implicit rebuild needs a Python that slim lacks.
FROM ${BASE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts \
  && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src \
  && find node_modules/better-sqlite3/prebuilds -type f ! -name "linux*-$(node -p process.arch).node" -delete

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build-assets.ts ./scripts/
COPY src ./src
COPY demo ./demo
RUN npm run build

FROM ${BASE}
LABEL org.opencontainers.image.title="Holdline" \
  org.opencontainers.image.description="WebRTC signalling over plain HTTP: a durable mailbox per participant, received by long polling." \
  org.opencontainers.image.licenses="Apache-2.0"
# The volume inherits this owner, so that the unprivileged user (node's own, 1000) can write its database.
RUN install -d -o 1000 -g 1000 /data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json openapi.yaml LICENSE ./
COPY migrations ./migrations
COPY --from=build /app/dist ./dist
ENV NODE_ENV=production STORE_URL=sqlite:/data/holdline.db
USER 1000:1000
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ADMIN_PORT || process.env.PORT || 8080}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Exec form: node itself is process 1, gets SIGTERM, and drains.
ENTRYPOINT ["node", "dist/main.js"]
