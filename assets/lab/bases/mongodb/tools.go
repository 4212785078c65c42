//go:build tools

// Package tools pins FerretDB and what it depends on.
package tools

import _ "github.com/FerretDB/FerretDB/cmd/ferretdb"
