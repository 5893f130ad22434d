package quantize

import (
	"errors"
	"reflect"
	"testing"
)

func TestFormsAreReadAndWrittenBack(t *testing.T) {
	for _, text := range []string{
		"none", "int4", "int4:block=64", "uint4:channel,symmetric", "int8:tensor,asymmetric", "uint8", "int4:blocks=1x32x0x0",
		"lut4", "lut4:group=16", "lut6:tensor,uniform", "lut:unique", "lut:group=4,unique", "lut3:kmeans,vector=2", "lut4:group=8,axis=1", "lut2:scale",
		"prune:0.5", "prune:0.25,block=4,dim=1", "prune:2:4,dim=0", "prune:threshold=0.001,least=0.5",
		"prune:0.5+lut4+int8", "lut4+uint8:asymmetric", "prune:0.5+int4:block=16",
	} {
		f, err := ParseForm(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		again, err := ParseForm(f.String())
		if err != nil || !reflect.DeepEqual(f, again) {
			t.Errorf("%s is written as %s, which is %+v, %v, want %+v", text, f, again, err, f)
		}
	}
}

func TestWhatIsNoFormIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "int5", "int4:", "int4:block=0", "int4:block=x", "int4:group=4", "int4:block=4,channel", "int8+int4", "lut5", "lut4:channel", "lut4:unique", "lut",
		"lut4:uniform,vector=2", "prune", "prune:1.5", "prune:5:4", "prune:0.5,block=1", "int4+lut4", "lut4+prune:0.5", "lut4+int8:channel",
		"prune:0.5+lut4:vector=2", "prune:NaN", "int4:block=99999999999", "lut4:scale+int8", "lut99999999999999999999",
	} {
		if f, err := ParseForm(text); !errors.Is(err, ErrForm) {
			t.Errorf("%q is %+v, %v", text, f, err)
		}
	}
}

func FuzzParseForm(f *testing.F) {
	for _, s := range []string{"none", "int4:block=32", "lut4:group=16,kmeans,vector=2", "prune:2:4+lut4+int8", "int4:blocks=1x2", "prune:threshold=1e-3"} {
		f.Add(s)
	}
	values := gaussian(64, 1, 3)
	f.Fuzz(func(t *testing.T, text string) {
		form, err := ParseForm(text)
		if err != nil {
			if !errors.Is(err, ErrForm) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, err := ParseForm(form.String())
		if err != nil || !reflect.DeepEqual(form, again) {
			t.Errorf("%q is written as %q: %v", text, form, err)
		}
		// Whatever the form, a weight gets it or is left as it is.
		e, err := Encode(t.Context(), form, []int{8, 8}, values)
		if err != nil {
			if !errors.Is(err, ErrUnfit) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if got, err := e.Decode(t.Context(), 0); err != nil || len(got) != len(values) {
			t.Errorf("%q: %d numbers, %v", text, len(got), err)
		}
	})
}
