module github.com/gocoreml/coreml/conformance/openai

go 1.26.0

require (
	github.com/gocoreml/coreml v0.0.0-00010101000000-000000000000
	github.com/openai/openai-go/v3 v3.96.0
)

replace github.com/gocoreml/coreml => ../..
