package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/gocoreml/coreml/internal/driverfile"
	"github.com/gocoreml/coreml/internal/storage"
)

// The two versions are one.
var _ = [1]struct{}{}[DriverVersion-driverfile.Version]

// ReadDriver reads a driver file: a JSON object with the fields of [Driver]. A
// field that does not exist, that comes twice, or that holds something else, is a
// [*DriverError].
func ReadDriver(r io.Reader) (*Driver, error) {
	data, err := readConfig(r)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, driverErrorf("file", "%v", err)
	case err != nil:
		return nil, err
	}
	return parseDriver(data)
}

// parseDriver reads the fields in the order of their names, so that of several
// errors it is always the same that is reported. It does not use struct tags
// alone, because these accept a misspelt field in silence and speak of Go types.
func parseDriver(data []byte) (*Driver, error) {
	// Of another kind of driver every field would be wrong.
	if fields, err := jsonObject(data); err == nil {
		var kind string
		if raw, ok := fields["kind"]; ok && json.Unmarshal(raw, &kind) == nil {
			if err := driverfile.CheckKind(kind, driverfile.Text); err != nil {
				return nil, driverErrorf("kind", "%v", err)
			}
		}
	}
	d, kind := new(Driver), ""
	// The names of fields are read in any case, as encoding/json would.
	if err := readFields(data, driverFields(d, &kind)); err != nil {
		at := "file"
		if inner, ok := errors.AsType[*memberError](err); ok {
			at, err = inner.key, inner.err
		}
		return nil, &DriverError{Field: at, Reason: err.Error(), Err: errors.Unwrap(err)}
	}
	if err := driverfile.CheckVersion(d.Version); err != nil {
		return nil, driverErrorf("version", "%v", err)
	}
	if err := driverfile.CheckKind(kind, driverfile.Text); err != nil {
		return nil, driverErrorf("kind", "%v", err)
	}
	return d, nil
}

// driverFields are the fields of a driver.
func driverFields(d *Driver, kind *string) fieldReaders {
	return fieldReaders{
		"kind":           jsonInto(kind),
		"family":         jsonInto(&d.Family),
		"tokens":         jsonInto(&d.Tokens),
		"mask":           jsonInto(&d.Mask),
		"mask_fill":      jsonInto(&d.MaskFill),
		"attention_mask": jsonInto(&d.AttentionMask),
		"logits":         jsonInto(&d.Logits),
		"caches":         jsonIntoMap(&d.Caches),
		"constants":      jsonIntoMap(&d.Constants),
		"context":        jsonInto(&d.ContextLength),
		"max_query":      jsonInto(&d.MaxQuery),
		"version":        jsonInto(&d.Version),
		"stages":         intoList(&d.Stages, maxStages, func(s *Stage) func(json.RawMessage) error { return into(stageFields(s)) }),
		"prefill":        intoObject(&d.Prefill, prefillFields),
		"output":         intoObject(&d.Output, outputFields),
		"rotation":       intoObject(&d.Rotation, rotationFields),
		"image":          intoObject(&d.Image, imageFields),
		"rewind":         jsonInto(&d.Rewind),
	}
}

// readDriver reads the driver file of the package at pkg: NAME.driver.json or
// driver.json beside it. It returns nil, which overrides nothing, where there is
// neither.
func readDriver(fsys fs.FS, pkg string) (*Driver, error) {
	name, data, err := driverfile.Find(fsys, pkg)
	switch {
	case errors.Is(err, storage.ErrTooLong):
		return nil, &DriverError{Field: "file", Reason: err.Error(), Err: err}
	case err != nil || data == nil:
		return nil, err
	}
	d, err := parseDriver(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}
