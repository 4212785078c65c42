//go:build tools

// Package tools pins the plugin and what it depends on.
package tools

import _ "github.com/aws/session-manager-plugin/src/sessionmanagerplugin-main"
