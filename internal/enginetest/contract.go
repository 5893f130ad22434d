package enginetest
import ("testing"; "github.com/gocoreml/coreml/internal/engine")
func runContract(t *testing.T, e engine.Engine) {}
