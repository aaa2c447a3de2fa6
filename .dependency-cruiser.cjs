/** Imports point one way: api and activities lean on src, workflows on src/domain alone, and src/domain on nothing of ours. */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^src/domain' },
      to: { path: '^(api|activities|workflows|src/(?!domain))' },
    },
    {
      name: 'domain-no-io',
      severity: 'error',
      from: { path: '^src/domain' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'workflows-see-domain-only',
      severity: 'error',
      from: { path: '^workflows' },
      to: { path: '^(api|activities|src/(?!domain))', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-no-core',
      severity: 'error',
      from: { path: '^workflows' },
      to: { dependencyTypes: ['core'] },
    },
    { name: 'activities-not-api', severity: 'error', from: { path: '^activities' }, to: { path: '^api' } },
    {
      name: 'src-not-upwards',
      severity: 'error',
      from: { path: '^src/(?!cli|temporal|runtime)' },
      to: { path: '^(api|activities|workflows)' },
    },
    { name: 'temporal-not-api', severity: 'error', from: { path: '^src/temporal' }, to: { path: '^api' } },
    {
      name: 'doors-apart',
      severity: 'error',
      from: { path: '^api/(courier|bird|v1)/' },
      to: { path: '^api/(courier|bird|v1)/', pathNot: '^api/$1/' },
    },
    { name: 'not-to-test', severity: 'error', from: { pathNot: '^test' }, to: { path: '^test' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '^(dist|coverage|[.]volley)' },
  },
};
