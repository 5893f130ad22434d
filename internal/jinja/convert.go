package jinja

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
)

// FromGo returns the value of a Go value: what encoding/json makes of JSON,
// values of this package, and anything that it can turn into JSON. The keys of
// a Go map come in sorted order; json.RawMessage and structs keep theirs.
// It ends with the context.
func FromGo(ctx context.Context, v any) (Value, error) { return fromGo(ctx, v, 0) }

// Only values that can be shared are taken as they are: a *Dict belongs to whoever
// made it, and templates cannot change one.
func fromGo(ctx context.Context, v any, depth int) (Value, error) {
	if depth > maxNesting {
		return nil, errors.New("a value is nested too deeply")
	}
	// Long conversations come with long tool results.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	// The common types first. reflect and JSON come last, since both are slow.
	case nil, bool, string, int64, float64, *List, *Dict:
		return v, nil
	case *big.Int:
		// Ten bits have three digits, so four bits a digit is a bound that lets all
		// numbers of maxNumber digits pass.
		if v.BitLen() > 4*maxNumber {
			return nil, fmt.Errorf("a whole number has more than %d digits", maxNumber)
		}
		return v, nil
	case int:
		return int64(v), nil
	case json.Number:
		return numberValue(v)
	case json.RawMessage:
		return FromJSON(ctx, v)
	case []any:
		list := &List{Items: make([]Value, len(v))}
		for i, item := range v {
			var err error
			if list.Items[i], err = fromGo(ctx, item, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		dict := NewDict()
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		// Go's maps have no order, and a prompt that changes from run to run would
		// defeat the cache of its prefix.
		slices.Sort(keys)
		for _, k := range keys {
			item, err := fromGo(ctx, v[k], depth+1)
			if err != nil {
				return nil, err
			}
			dict.Set(k, item)
		}
		return dict, nil
	}
	return viaJSON(ctx, v)
}

// viaJSON converts any other value by writing it as JSON. Structs get the names of
// their json tags that way, which is what servers that hand over messages mean.
// Numbers are the exception: JSON would write 1.0 as 1 and make a whole number of a
// float.
func viaJSON(ctx context.Context, v any) (Value, error) {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if _, ok := v.(json.Marshaler); !ok {
			return r.Int(), nil
		}
	case reflect.Float32, reflect.Float64:
		if _, ok := v.(json.Marshaler); !ok {
			return r.Float(), nil
		}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return FromJSON(ctx, data)
}
