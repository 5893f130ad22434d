package main

// Whole values of JSON: objects, lists, and what bounds them.

const (
	// maxJSONDepth bounds how deep requests and files of values may be nested.
	// Lists have at most maxNesting levels, and little lies around them.
	//
	// encoding/json allows 10,000, which recursive readers of clients do not.
	maxJSONDepth = 64
	// maxJSONFields bounds the keys of one object, which are all remembered to
	// tell when one comes twice.
	maxJSONFields = 1 << 16
	// maxJSONValues bounds the values of one text: several lists of maxListed.
	maxJSONValues = 1 << 24
	// maxJSONName bounds keys, and texts that name something.
	maxJSONName = 1 << 16
)

// value moves past one value and returns its text.
//
// What it returns shares the text's memory.
func (t *jsonText) value(depth int) ([]byte, error) {
	t.space()
	if t.values++; t.values > maxJSONValues {
		return nil, t.errorf("more than %d values: give arrays as base64 data, or as files", maxJSONValues)
	}
	start := t.at
	err := t.skip(depth)
	return t.text[start:t.at], err
}

// skip moves past one value, whatever it is.
func (t *jsonText) skip(depth int) error {
	if t.at >= len(t.text) {
		return t.unexpected("a value")
	}
	switch c := t.text[t.at]; {
	case (c == '{' || c == '[') && t.checked:
		t.skipChecked()
		return nil
	case c == '{' || c == '[':
		if depth == 0 {
			return t.errorf("nested deeper than %d levels", maxJSONDepth)
		}
		if c == '{' {
			return t.fields(depth, nil)
		}
		return t.elements(depth, nil)
	case c == '"':
		_, err := t.quoted()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return t.number()
	}
	return t.word("true", "false", "null", "NaN", "Infinity")
}

// skipChecked moves past an object or list that is known to be whole.
func (t *jsonText) skipChecked() {
	for depth := 0; t.at < len(t.text); t.at++ {
		switch t.text[t.at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				t.at++
				return
			}
		case '"':
			_, _ = t.quoted()
			t.at--
		}
	}
}

// fields moves past an object and gives each pair to each, which may be nil.
func (t *jsonText) fields(depth int, each func(key string, value []byte) error) error {
	if !t.accept('{') {
		return t.unexpected("an object")
	}
	if t.accept('}') {
		return nil
	}
	for {
		t.space()
		raw, err := t.quoted()
		if err != nil {
			return err
		}
		if !t.accept(':') {
			return t.unexpected("a colon")
		}
		value, err := t.value(depth - 1)
		if err != nil {
			return err
		}
		if each != nil {
			if len(raw) > maxJSONName {
				return t.errorf("a key of more than %d bytes", maxJSONName)
			}
			key, err := unquoteJSON(raw)
			if err == nil {
				err = each(key, value)
			}
			if err != nil {
				return err
			}
		}
		if t.accept('}') {
			return nil
		}
		if !t.accept(',') {
			return t.unexpected("a comma or the end of the object")
		}
	}
}

// elements moves past a list and gives each element to each, which may be nil.
func (t *jsonText) elements(depth int, each func(i int, value []byte) error) error {
	if !t.accept('[') {
		return t.unexpected("a list")
	}
	if t.accept(']') {
		return nil
	}
	for i := 0; ; i++ {
		value, err := t.value(depth - 1)
		if err != nil {
			return err
		}
		if each != nil {
			if err := each(i, value); err != nil {
				return err
			}
		}
		if t.accept(']') {
			return nil
		}
		if !t.accept(',') {
			return t.unexpected("a comma or the end of the list")
		}
	}
}

// end checks that nothing but white space is left.
func (t *jsonText) end() error {
	if t.space(); t.at < len(t.text) {
		return t.unexpected("the end of the text")
	}
	return nil
}
