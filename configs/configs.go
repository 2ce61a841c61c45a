// Package configs holds the configuration files that come with cidrx.
package configs

import _ "embed"

//go:embed cidrx.toml
var installed []byte

//go:embed reference.toml
var reference []byte

//go:embed static.toml
var static []byte

// Installed is the file that the package installs as /etc/cidrx/cidrx.toml.
func Installed() []byte { return installed }

// Reference holds every key with its default and a comment.
func Reference() []byte { return reference }

// Static holds every key of a file for 'cidrx static', with its default and a comment.
func Static() []byte { return static }
