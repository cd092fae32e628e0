#include "mailgw/boundary_scan.h"

#include <doctest/doctest.h>

#include "mailgw/boundary_set.h"
#include "tests/support/memory_file.h"

using namespace satchel;
using namespace satchel::mailgw;

namespace {

BoundaryScan scan(std::string const& message) {
    UniqueFd const file = testing::memory_file(message);
    return scan_boundaries(file.get()).value();
}

/// "open b1 at 40" and so on, without the figures.
std::string outline(BoundaryScan const& scan) {
    std::string out;
    for (BoundaryLine const& line : scan.lines)
        out += (line.closing ? "/" : "") + scan.boundaries[line.boundary] + " ";
    return out;
}

std::string multipart(std::string const& boundary, std::string const& body) {
    return "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("boundary_set: what a Content-Type declares") {
    struct Row {
        std::string value;
        char const* boundary;
    };

    for (Row const& row : {
             Row{"multipart/mixed; boundary=abc", "abc"},
             Row{" multipart/mixed;\tboundary=\"a b c\"", "a b c"},
             Row{"MULTIPART/Mixed; Boundary = \"=_x\" ; charset=utf-8", "=_x"},
             Row{"multipart/mixed; boundary=abc; charset=utf-8", "abc"},
             Row{"multipart/mixed; boundary=\"----=_MIME_BOUNDARY_000_1\"",
                 "----=_MIME_BOUNDARY_000_1"},
             Row{"multipart/mixed; boundary=my-boundary; charset=utf-8", "my-boundary"},
             Row{"multipart/mixed; boundary=\"boundary\"; boundary=b", ""},
             Row{"text/plain; boundary=abc", ""},
             Row{"multipart/mixed", ""},
             Row{"multipart/mixed; boundary=", ""},
             Row{"multipart/mixed; boundary=\"\"", ""},
             Row{"multipart/mixed; boundary=\"abc", ""},
             Row{"multipart/mixed; boundary=a b", ""},
             Row{"multipart/mixed; boundary=\"abc \"", ""},
             Row{"multipart/mixed; boundary=\"a\\b\"", ""},
             Row{"multipart/mixed; boundary=\"abc\"d", ""},
             Row{"multipart/mixed; boundary*=us-ascii''abc", ""},
             Row{"multipart/mixed; boundary*0=abc", ""},
             Row{"multipart/mixed; boundary=a; boundary=b", ""},
             Row{"multipart/mixed; (boundary=a) boundary=b", ""},
             Row{"multipart/mixed; boundary=\"=?us-ascii?q?abc?=\"", ""},
             Row{"multipart/mixed; boundary=\"\xc3\xa4\"", ""},
         }) {
        CAPTURE(row.value);
        CHECK(declared_type(row.value).boundary == row.boundary);
    }
    CHECK(declared_type("multipart/mixed; boundary=" + std::string(251, 'a')).boundary.empty());
    CHECK(declared_type("message/rfc822").message);
    CHECK(declared_type("multipart/mixed").multipart);
}

TEST_CASE("boundary_scan: finds the lines of nested multiparts") {
    std::string const message =
        multipart("outer", "preamble\r\n--outer\r\n" +
                               multipart("inner",
                                         "--inner \t\r\n\r\na\r\n"
                                         "--inner-not\r\n"
                                         "--inner--\r\n") +
                               "\r\n--outer\r\n\r\nb\r\n--outer--\r\nepilogue\r\n--outer\r\n");
    BoundaryScan const found = scan(message);
    CHECK(outline(found) == "outer inner /inner outer /outer ");
    CHECK(found.trouble.empty());
    CHECK_FALSE(found.repeated);
    REQUIRE(found.lines.size() == 5);
    CHECK(found.lines[0].begin == message.find("--outer"));
    CHECK(found.lines[0].end == found.lines[0].begin + 9);
    CHECK(found.lines[1].end - found.lines[1].begin == 11);
}

TEST_CASE("boundary_scan: lines count only while their multipart is open") {
    std::string const nested = multipart("b", "--b\r\n\r\ntext\r\n--b--\r\n");
    CHECK(outline(scan(multipart(
              "a", "--a\r\n" + nested + "--b\r\n--a\r\n\r\n--b\r\n--a--\r\n"))) == "a b /b a /a ");
    // The outer boundary ends an inner multipart that is not closed.
    CHECK(outline(scan(multipart("a", "--a\r\n" + multipart("b", "--b\r\n\r\n") +
                                          "--a\r\n\r\n--b\r\n--a--\r\n"))) == "a b a /a ");
    CHECK(outline(scan("Subject: x\r\n\r\n--a\r\n")) == "");
}

TEST_CASE("boundary_scan: folded, repeated and forwarded declarations") {
    CHECK(outline(scan("Content-Type: multipart/mixed;\r\n\tboundary=\"a\"\r\n\r\n--a\r\n")) ==
          "a ");
    CHECK(outline(scan("content-type : multipart/mixed; boundary=a\n\n--a\n")) == "a ");
    CHECK(outline(scan("Content-Type: multipart/mixed; boundary=a\r\n"
                       "Content-Type: multipart/mixed; boundary=b\r\n\r\n--a\r\n--b\r\n")) == "");
    CHECK(scan(multipart("a", "--a\r\n" + multipart("a", "--a--\r\n"))).repeated);
    CHECK(outline(scan(multipart("a", "--a\r\nContent-Type: message/rfc822\r\n\r\nTo: x\r\n" +
                                          multipart("b", "--b\r\n")))) == "a b ");
    CHECK(outline(scan("Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n\r\n" +
                       multipart("b", "--b\r\n"))) == "a b ");
}

TEST_CASE("boundary_scan: bounds what a MIME parser would have to keep") {
    std::string const much(structure_bytes_max, 'x');
    std::string many = multipart("a", "");
    for (std::size_t i = 0; i <= boundary_lines_max; ++i)
        many += "--a\r\n\r\n";

    std::string fields;
    for (std::size_t i = 0; i <= header_fields_max; ++i)
        fields += "X:\r\n";
    std::string folded = "X:\r\n";
    for (std::size_t i = 0; i <= header_fields_max; ++i)
        folded += " y\r\n";

    struct Row {
        std::string why;
        std::string message;
        char const* trouble;
    };

    for (Row const& row : {
             Row{"header", "Subject: " + much, "its MIME structure is too large"},
             Row{"preamble", multipart("a", much), "its MIME structure is too large"},
             Row{"epilogue", multipart("a", "--a\r\n\r\nx\r\n--a--\r\n" + much),
                 "its MIME structure is too large"},
             Row{"part's header", multipart("a", "--a\r\nX: " + much),
                 "its MIME structure is too large"},
             Row{"boundary that can't be told",
                 "Content-Type: multipart/mixed; boundary*=us-ascii''a\r\n\r\n--a\r\n\r\n" + much,
                 "its MIME structure is too large"},
             Row{"boundary of a multipart that is over, in the preamble of such a one",
                 multipart("a", "--a\r\n" + multipart("x", "--x\r\n\r\n--x--\r\n") +
                                    "--a\r\nContent-Type: multipart/mixed; "
                                    "boundary*=us-ascii''b\r\n\r\n--x\r\n\r\n" +
                                    much),
                 "its MIME structure is too large"},
             Row{"many parts", many, "it has too many parts"},
             Row{"many fields", fields + "\r\nx", "it has too many header fields"},
             Row{"many fields of a part", multipart("a", "--a\r\n" + fields + "\r\nx"),
                 "it has too many header fields"},
             Row{"one long field", folded + "\r\nx", ""},
             Row{"lines of content", "A: b\r\n\r\n" + fields, ""},
             Row{"content does not count", multipart("a", "--a\r\n\r\n" + much + "\r\n--a--\r\n"),
                 ""},
             Row{"content of a message of one part", "Subject: x\r\n\r\n" + much, ""},
         }) {
        CAPTURE(row.why);
        CHECK(scan(row.message).trouble == row.trouble);
    }
}
