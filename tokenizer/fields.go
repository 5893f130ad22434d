package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

var postProcessorFields = map[string]string{
	"Sequence": "processors!", "ByteLevel": "add_prefix_space! trim_offsets! use_regex",
	"TemplateProcessing": "single! pair! special_tokens!", "BertProcessing": "sep! cls!",
	"RobertaProcessing": "sep! cls! trim_offsets! add_prefix_space!",
}

// untyped are the types that a component without one can be, in the order in
// which the reference tries them: the first that has all the fields it must
// have.
var untyped = map[string][]string{
	"normalizers":   {"BertNormalizer", "Strip", "Sequence", "Precompiled", "Replace", "Prepend"},
	"pretokenizers": nil,
	"processors":    {"RobertaProcessing", "BertProcessing", "TemplateProcessing"},
	"decoders":      {"BPEDecoder", "WordPiece", "CTC", "Replace", "Strip"},
}

// fileFields are the sections of the file.
const fileFields = "version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model"

// checkFields reports fields of a component, and of those inside it, that its
// type does not have. Types that are not known are reported elsewhere.
func checkFields(raw json.RawMessage, known map[string]string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	var kind string
	if err := json.Unmarshal(fields["type"], &kind); err != nil {
		return &fault.Unsupported{Component: "option", Name: "type"}
	}
	list, ok := known[kind]
	if !ok {
		return nil
	}
	for name, value := range fields {
		switch {
		case name == "type" || string(value) == "null":
		case !jsontext.Allowed(list, name):
			return &fault.Unsupported{Component: "option", Name: kind + "." + name}
		case kind == "Sequence":
			var parts []json.RawMessage
			if err := json.Unmarshal(value, &parts); err != nil {
				return err
			}
			for _, part := range parts {
				if err := checkFields(part, known); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// maxNesting bounds sequences of components inside sequences.
const maxNesting = 8

// addTypes gives the components that have no type the one that the reference
// takes them for; list is the field that those of a sequence lie in. Of the two
// post-processors with the same tokens it goes by the fields in any case.
//
// It also bounds the components, by what is left of them, and how deep they lie
// in each other: each level is read anew.
func addTypes(raw json.RawMessage, list string, known map[string]string, depth int, left *int) (json.RawMessage, error) {
	if *left--; *left < 0 {
		return nil, errComponents
	}
	if depth == 0 {
		return nil, errors.New("components are nested too deeply")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	changed := false
	if !jsontext.IsNull(fields[list]) {
		var parts []json.RawMessage
		if err := json.Unmarshal(fields[list], &parts); err != nil {
			return nil, err
		}
		for i, part := range parts {
			typed, err := addTypes(part, list, known, depth-1, left)
			if err != nil {
				return nil, err
			}
			parts[i] = typed
		}
		joined, err := json.Marshal(parts)
		if err != nil {
			return nil, err
		}
		fields[list], changed = joined, true
	}
	kind := string(fields["type"])
	if jsontext.IsNull(fields["type"]) || kind == `"RobertaProcessing"` || kind == `"BertProcessing"` {
		for _, name := range untyped[list] {
			if jsontext.Missing(known[name], fields) == "" {
				fields["type"], changed = json.RawMessage(strconv.Quote(name)), true
				break
			}
		}
	}
	if !changed {
		return raw, nil
	}
	return json.Marshal(fields)
}

// strictly decodes a section whose fields are those of v.
func strictly(section string, raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		return nil
	}
	if _, name, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return &fault.Unsupported{Component: "option", Name: section + "." + strings.Trim(name, `"`)}
	}
	return fmt.Errorf("%s: %w", section, err)
}
