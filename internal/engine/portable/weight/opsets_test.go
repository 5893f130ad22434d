package weight

import (
	"encoding/json"
	"os"
	"testing"
)

// The page of operators lists what the opsets have: an operator that is missing there
// would be missing from the page.
func TestEveryOperatorIsInAnOpset(t *testing.T) {
	raw, err := os.ReadFile("../testdata/opsets.json")
	if err != nil {
		t.Fatal(err)
	}
	var opsets map[string][]string
	if err := json.Unmarshal(raw, &opsets); err != nil {
		t.Fatal(err)
	}
	for name := range constexprs {
		if len(opsets[name]) == 0 {
			t.Errorf("operator %s is in no opset", name)
		}
	}
}
