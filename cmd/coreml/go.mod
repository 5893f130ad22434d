module github.com/gocoreml/coreml/cmd/coreml

go 1.26.0

require github.com/gocoreml/coreml v0.0.0-00010101000000-000000000000

replace github.com/gocoreml/coreml => ../..
