package main

import (
	"cmp"
	"errors"
	"fmt"
)

// field is a pair of an object.
//
// field is a pair of an object, in the order of the text.
type field struct {
	key   string
	value []byte
}

// fieldsOf walks through the object that t holds and nothing else. What could be
// read of a broken one is returned too.
func (t *jsonText) fieldsOf() ([]field, error) {
	var list []field
	seen := map[string]bool{}
	var twice error
	// encoding/json takes the last of two values under one key and other readers
	// the first: a request that means two things is not carried out.
	err := t.fields(maxJSONDepth, func(key string, value []byte) error {
		if seen[key] {
			// What follows is read all the same: the id may be there.
			twice = cmp.Or(twice, inField(key, errors.New("the key comes twice")))
			return nil
		}
		if len(seen) == maxJSONFields {
			return fmt.Errorf("an object of more than %d keys", maxJSONFields)
		}
		seen[key] = true
		list = append(list, field{key, value})
		return nil
	})
	if err == nil {
		err = t.end()
	}
	return list, cmp.Or(err, twice)
}

// eachField gives each pair of the object that raw is to each, except those whose
// value is null: they stand for absent ones. A key that comes twice is an error.
func eachField(t *jsonText, each func(key string, value []byte) error) error {
	list, err := t.fieldsOf()
	if err != nil {
		return err
	}
	for _, f := range list {
		if string(f.value) == "null" {
			continue
		}
		if err := each(f.key, f.value); err != nil {
			return inField(f.key, err)
		}
	}
	return nil
}

// eachElement gives each element of the list that raw, which has been checked, is
// to each.
func eachElement(raw []byte, each func(i int, value []byte) error) error {
	t := &jsonText{text: raw, checked: true}
	err := t.elements(maxJSONDepth, func(i int, value []byte) error { return inElement(i, each(i, value)) })
	if err != nil {
		return err
	}
	return t.end()
}
