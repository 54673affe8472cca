declare module '*/vendor/event-target-shim' {
  export * from 'react-native-webrtc/src/vendor/event-target-shim';
}
