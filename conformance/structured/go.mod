module github.com/gocoreml/coreml/conformance/structured

go 1.26.0

require (
	github.com/dlclark/regexp2 v1.12.0
	github.com/gocoreml/coreml v0.0.0-00010101000000-000000000000
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
)

require (
	github.com/ebitengine/purego v0.11.3 // indirect
	golang.org/x/exp v0.0.0-20261014143641-f0251eb4aa3e // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.25.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/gocoreml/coreml => ../..
