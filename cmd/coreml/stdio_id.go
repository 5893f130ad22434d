package main

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
)

// idKey returns the text that all ways to write an id have in common: 2, 2.0 and
// 2e0 are one id, and so are "a" and "\u0061", and objects that differ in the order
// of their keys. Programs that keep numbers as floating-point numbers write back
// another text than they were given. The key of nothing is empty.
func idKey(raw []byte) string {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // ids of 64 bits are not to be rounded
	var v any
	if dec.Decode(&v) != nil {
		return ""
	}
	key, err := json.Marshal(equalID(v))
	if err != nil {
		return string(raw) // cannot be: what JSON gave is JSON
	}
	return string(key)
}

// equalID gives all the numbers in an id their common form.
func equalID(v any) any {
	switch v := v.(type) {
	case json.Number:
		return json.Number(equalNumber(string(v)))
	case []any:
		for i := range v {
			v[i] = equalID(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = equalID(v[key])
		}
	}
	return v
}

// equalNumber writes a number of JSON as its digits without zeros at either end
// and a power of ten. Nothing is computed: 1e1000000000 is a short text and a long
// number, and two ids that no float64 can tell apart are still two.
func equalNumber(text string) string {
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	digits, power, _ := strings.Cut(strings.ToLower(text), "e")
	whole, part, _ := strings.Cut(digits, ".")
	digits = strings.TrimLeft(whole+part, "0")
	short := strings.TrimRight(digits, "0")
	if short == "" {
		return "0" // also -0, which is equal to it
	}
	// The power has as many digits as the client likes.
	exponent, ok := new(big.Int).SetString(strings.TrimPrefix(power, "+"), 10)
	if !ok {
		exponent = new(big.Int) // there is none
	}
	exponent.Add(exponent, big.NewInt(int64(len(digits)-len(short)-len(part))))
	return sign + short + "e" + exponent.String()
}
