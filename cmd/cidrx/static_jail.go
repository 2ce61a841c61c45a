package main

import (
	"time"

	"cidrx/agent/config"
	"cidrx/detect/static"
)

type prison struct{}

func openPrison(*config.Static) (*prison, error)        { return &prison{}, nil }
func (*prison) close()                                  {}
func (*prison) spent() []static.Spent                   { return nil }
func (*prison) judge(*static.Analysis, time.Time) error { return nil }
