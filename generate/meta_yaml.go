package generate

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// metaName is the file with which ANEMLL describes a folder of packages.
const metaName = "meta.yaml"

// Bounds of a meta.yaml: those that are written have some dozens of lines.
const (
	maxMetaLines = 4096
	maxMetaDepth = 16
)

// metaError is an error in a line of meta.yaml.
type metaError struct {
	line   int
	reason string
}

func (e *metaError) Error() string { return fmt.Sprintf("%s: line %d: %s", metaName, e.line, e.reason) }

// Unwrap returns ErrDriver: the file stands for a driver.
func (e *metaError) Unwrap() error { return ErrDriver }

// readMeta reads the subset of YAML that ANEMLL writes: mappings by indentation,
// plain and quoted scalars, lists in brackets or of dashes, and texts behind a bar.
// It returns the scalars by their path, as in "model_info.parameters.batch_size",
// and the elements of lists joined by commas.
func readMeta(data []byte) (map[string]string, error) {
	out := map[string]string{}
	type level struct {
		indent int
		path   string
	}
	stack := []level{{-1, ""}}
	text := -1 // the indentation of the key of a text, whose lines are skipped
	lines := bytes.Split(data, []byte("\n"))
	if len(lines) > maxMetaLines {
		return nil, &metaError{maxMetaLines, fmt.Sprintf("there are more than %d lines", maxMetaLines)}
	}
	for i, raw := range lines {
		line := strings.TrimRight(string(raw), " \r\t")
		body := strings.TrimLeft(line, " ")
		indent := len(line) - len(body)
		switch {
		case body == "" || text >= 0 && indent > text:
			continue
		case body[0] == '#', body == "---":
			continue
		case body[0] == '\t':
			return nil, &metaError{i + 1, "a tab indents the line"}
		}
		text = -1
		item, isItem := strings.CutPrefix(body, "- ")
		for len(stack) > 1 && (stack[len(stack)-1].indent > indent || stack[len(stack)-1].indent == indent && !isItem) {
			stack = stack[:len(stack)-1]
		}
		top := stack[len(stack)-1].path
		if isItem {
			if out[top] != "" {
				item = out[top] + "," + scalar(item)
			}
			out[top] = scalar(item)
			continue
		}
		key, value, ok := strings.Cut(body, ":")
		if !ok || value != "" && value[0] != ' ' {
			return nil, &metaError{i + 1, "there is no key with a colon"}
		}
		at := scalar(key)
		if top != "" {
			at = top + "." + at
		}
		if _, twice := out[at]; twice {
			return nil, &metaError{i + 1, "the key " + strconv.Quote(at) + " comes twice"}
		}
		value = strings.TrimSpace(value)
		switch {
		case strings.HasPrefix(value, "|") || strings.HasPrefix(value, ">"):
			text, out[at] = indent, ""
		case value == "":
			if len(stack) > maxMetaDepth {
				return nil, &metaError{i + 1, "the mappings are nested too deeply"}
			}
			out[at] = ""
			stack = append(stack, level{indent, at})
		default:
			out[at] = list(value)
		}
	}
	return out, nil
}

// scalar reads a plain or a quoted scalar.
func scalar(s string) string {
	s = strings.TrimSpace(s)
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	if at := strings.Index(s, " #"); at >= 0 {
		s = strings.TrimSpace(s[:at])
	}
	return s
}

// list reads a scalar or a list in brackets, whose elements it joins by commas.
func list(s string) string {
	inner, opened := strings.CutPrefix(scalar(s), "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !opened || !closed {
		return scalar(s)
	}
	parts := strings.Split(inner, ",")
	for i := range parts {
		parts[i] = scalar(parts[i])
	}
	return strings.Join(parts, ",")
}

// metaNumbers reads a list of whole numbers; nil where there is none.
func metaNumbers(s string) []int {
	if s == "" {
		return nil
	}
	var out []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 || n > maxVocabulary || len(out) > maxList {
			return nil
		}
		out = append(out, n)
	}
	return out
}
