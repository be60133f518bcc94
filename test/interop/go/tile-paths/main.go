// tile-paths writes the path of each tile that a line of standard input names by level, number and width, and of the
// bundle of that number and width, as Tessera and golang.org/x/mod/sumdb/tlog write it, which must agree.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/tlog"
)

const tileWidth = 256

func main() {
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var level, n, width uint64
		if _, err := fmt.Sscan(input.Text(), &level, &n, &width); err != nil {
			fmt.Fprintf(os.Stderr, "tile-paths: %q: %v\n", input.Text(), err)
			os.Exit(1)
		}
		partial := uint8(width % tileWidth)
		path := layout.TilePath(level, n, partial)
		other := tlog.Tile{H: 8, L: int(level), N: int64(n), W: int(width)}.Path()
		if path != "tile/"+strings.TrimPrefix(other, "tile/8/") {
			fmt.Fprintf(os.Stderr, "tile-paths: %q and %q\n", path, other)
			os.Exit(1)
		}
		fmt.Println(path, layout.EntriesPath(n, partial))
	}
}
