const { getDefaultConfig, mergeConfig } = require('@react-native/metro-config');

const { PACKAGE_EXPORTS, WHOLE_APP } = process.env;

module.exports = mergeConfig(getDefaultConfig(__dirname), {
  resolver: { unstable_enablePackageExports: PACKAGE_EXPORTS === 'on', useWatchman: false },
  // By default a bundle begins with React Native's own set-up, which needs a phone.
  ...(WHOLE_APP !== 'yes' && { serializer: { getModulesRunBeforeMainModule: () => [] } }),
});
