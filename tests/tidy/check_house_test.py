"""Each rule of check_house.py, broken once."""
import pathlib
import tempfile
import unittest

import check_house

LAYERS = """
src/base
dht       src/base
transfer  src/base
src/node  dht transfer/route.h src/base
tests     *
<opendht/ dht/opendht_*
<boost/   src/base/*
<boost/asio/ip/ dht/*
system    sys/* unistd.h
unmirrored tests/unit/dht/whole_test.cc
"""
HEADER = "// A thing.\n#pragma once\n"
CLEAN = {
    "tests/tidy/layers.txt": LAYERS,
    "tests/unit/dht/whole_test.cc": "",
    "tests/unit/base/hex_test.cc": '#include <opendht/dht.h>\n#include "dht/opendht_node.h"\n',
    "src/base/hex.h": HEADER + "#include <string>\n#include <sys/stat.h>\n#include <boost/asio.hpp>\n",
    "dht/opendht_node.h": HEADER + '#include "src/base/hex.h"\n#include <opendht/dht.h>\n#include <boost/asio/ip/udp.hpp>\n',
    "transfer/route.h": HEADER,
    "transfer/other.h": HEADER,
    "src/node/peer.cc": '#include "dht/opendht_node.h"\n#include "transfer/route.h"\n',
}


class HouseTest(unittest.TestCase):
    def found(self, **changes):
        """Complaints about the clean tree with these files (path -> text, None to remove) on top."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in (CLEAN | changes.get("files", {})).items():
                if text is not None:
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).write_text(text)
            return check_house.complaints(root)

    def assert_one(self, path, text, expected):
        found = self.found(files={path: text})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:"), found)
        self.assertIn(expected, found[0])

    def test_clean(self):
        self.assertEqual(self.found(), [])

    def test_wall_between_siblings(self):
        self.assert_one("dht/x.cc", '\n#include "transfer/route.h"\n', ":2: dht may not include transfer/route.h")

    def test_wall_upwards(self):
        self.assert_one("src/base/x.cc", '#include "dht/opendht_node.h"\n', "src/base may not include dht/")

    def test_single_header_opens_no_folder(self):
        self.assert_one("src/node/x.cc", '#include "transfer/other.h"\n', "src/node may not include transfer/other.h")

    def test_path_from_the_root(self):
        self.assert_one("src/base/x.cc", '#include "hex.h"\n', "not a path from the root")

    def test_library_outside_its_home(self):
        self.assert_one("dht/record.cc", "#include <opendht/dht.h>\n", "belongs in dht/opendht_*")

    def test_longer_prefix_wins(self):
        self.assert_one("src/base/x.cc", "#include <boost/asio/ip/udp.hpp>\n", "belongs in dht/*")

    def test_library_without_a_home(self):
        self.assert_one("src/base/x.cc", "#include <curl/curl.h>\n", "has no home")

    def test_folder_without_a_line(self):
        self.assert_one("src/attic/x.cc", "", "stands in no folder")

    def test_length(self):
        self.assert_one("src/base/x.cc", "\n" * 401, "401 lines")
        self.assertEqual(self.found(files={"src/base/x.cc": "\n" * 400}), [])

    def test_names(self):
        self.assert_one("src/base/string_utils.cc", "", "names no concept")
        self.assert_one("tests/helpers/x.py", "", "names no concept")

    def test_headers(self):
        self.assert_one("src/base/x.h", "#pragma once\n", "says what it is")
        self.assert_one("src/base/x.h", "// A thing.\n", "#pragma once")
        self.assert_one("src/base/x.h", HEADER + "using namespace std;\n", "using namespace")
        self.assertEqual(self.found(files={"src/base/x.h": HEADER + "using namespace std::literals;\n"}), [])

    def test_work_undone(self):
        self.assert_one("src/base/x.cc", "\n// TO" "DO later\n", ":2: a note about work undone")
        self.assert_one("tests/x.sh", "# FIX" "ME\n", "a note about work undone")

    def test_mirror(self):
        self.assert_one("tests/unit/base/gone_test.cc", "", "mirrors no gone.h or gone.cc in src/base")
        self.assert_one("tests/unit/base/hexes_test.cc", "", "mirrors no hexes.h")
        self.assertEqual(self.found(files={"tests/unit/base/hex_limits_test.cc": "",
                                           "tests/unit/base/fake_clock_test.cc": "",
                                           "tests/support/fake_clock.h": HEADER}), [])
        self.assertEqual(len(self.found(files={"tests/unit/dht/whole_test.cc": None})), 1)

    def test_two_types_of_one_name(self):
        struct = HEADER + "namespace satchel::transfer {\nstruct Facts {\n    int a;\n};\n}\n"
        other = struct.replace("satchel::transfer", "satchel::mailgw")
        self.assertEqual(self.found(files={"transfer/route.h": struct, "transfer/other.h": other}), [])
        found = self.found(files={"transfer/route.h": struct, "transfer/other.h": struct})
        self.assertEqual(len(found), 1, found)
        self.assertIn("Facts is a type of transfer/other.h already", found[0])


if __name__ == "__main__":
    unittest.main()
