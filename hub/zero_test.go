package hub_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/gocoreml/coreml/hub"
)

// TestZeroValuesDoNotPanic calls every exported method of everything, with zero values
// but for the context: without the network, in a cache that is not there.
func TestZeroValuesDoNotPanic(t *testing.T) {
	clearEnvironment(t)
	t.Setenv("HF_HUB_OFFLINE", "1")
	for _, v := range []any{
		(*hub.Client)(nil), new(hub.Client), new(hub.Repo), new(hub.RepoType), new(hub.EventKind), new(hub.Error),
		new(hub.ChecksumError), new(hub.IncompleteError), new(hub.PackagesError), new(hub.CacheWarning),
		(*hub.CacheInfo)(nil), new(hub.CacheInfo), (*hub.CachedRepo)(nil), new(hub.CachedRepo), (*hub.Deletion)(nil), new(hub.Deletion),
	} {
		value := reflect.ValueOf(v)
		for i := range value.NumMethod() {
			name, method := value.Type().Method(i).Name, value.Method(i)
			t.Run(value.Type().String()+"."+name, func(t *testing.T) { callZero(t, method) })
		}
	}
	for _, f := range []any{
		hub.ParseRepo, hub.ParseName, hub.Resolve, hub.Scan, hub.Materialize, hub.IsLinked, hub.Literal, hub.IsTokenizer, hub.IsBeside,
	} {
		callZero(t, reflect.ValueOf(f))
	}
	for _, bad := range []int{-1, 1 << 30} {
		callZero(t, reflect.ValueOf(hub.RepoType(bad).String))
		callZero(t, reflect.ValueOf(hub.EventKind(bad).String))
		if err := (hub.Repo{Type: hub.RepoType(bad), ID: "a/b"}).Check(); err == nil {
			t.Error("no error")
		}
	}
}

// callZero calls a function, and goes through what it yields.
func callZero(t *testing.T, f reflect.Value) {
	t.Helper()
	var in []reflect.Value
	for k := range f.Type().NumIn() {
		switch {
		case f.Type().IsVariadic() && k == f.Type().NumIn()-1:
		case f.Type().In(k) == reflect.TypeFor[context.Context]():
			in = append(in, reflect.ValueOf(t.Context()))
		default:
			in = append(in, reflect.Zero(f.Type().In(k)))
		}
	}
	for _, out := range f.Call(in) { // a panic fails the test
		if out.Kind() == reflect.Func && out.Type().CanSeq2() {
			for range out.Seq2() {
			}
		}
	}
}
