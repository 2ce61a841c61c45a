package config

import "errors"

// Load reads the main file, conf.d/*.toml beside it, the environment and the flags, in that order; later ones win. The error is an
// Errors with everything that was found; then Config is nil. Warnings come with a good configuration only.
func Load(in Inputs) (*Config, []Warning, error) {
	return nil, nil, errors.New("configuration cannot be loaded yet")
}

// Parse is Load for a configuration in memory; name stands for the file in messages.
func Parse(name string, data []byte, in Inputs) (*Config, []Warning, error) {
	return nil, nil, errors.New("configuration cannot be loaded yet")
}

// Diff names the sections that differ: "agent", "source.web", "live.botnet", in the order of the reference.
func Diff(old, new *Config) []string { return nil }
