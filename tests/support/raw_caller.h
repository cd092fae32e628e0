// A caller that may say anything: a TLS connection on which tests write the bytes themselves, one
// step after the other.
#pragma once

#include <memory>
#include <string>

#include "tests/support/control_lab.h"
#include "transfer/control_request.h"
#include "transfer/http_head.h"
#include "transfer/tls_channel.h"

namespace satchel::testing {

class RawCaller {
public:
    RawCaller(ControlLab& lab, SigningKey const& key)
        : lab_(lab)
        , tls_(*transfer::TlsIdentity::create(key)) {
        auto const at = lab.server->listening();
        asio::ip::tcp::socket socket(lab.io);
        socket.connect({asio::ip::make_address(at.ip), at.port});
        channel = std::make_shared<transfer::TlsChannel>(std::move(socket), tls_.client());
        REQUIRE(lab.await(channel->dial_handshake(lab.peer.key, std::chrono::seconds(5))));
    }

    void say(std::string const& text) { REQUIRE(lab_.await(channel->write(bytes_of(text)))); }

    struct Heard {
        unsigned status = 0;  ///< 0: the other side hung up
        std::string body;
        transfer::AnswerHead head;
    };

    Heard hear(bool bodyless = false) {
        auto const text =
            lab_.await(channel->read_head(std::chrono::seconds(10), std::chrono::seconds(10)));
        if (!text || text->empty()) return {};
        auto const head = transfer::parse_answer_head(*text);
        REQUIRE(head);
        Bytes body(bodyless ? 0 : static_cast<std::size_t>(head->content_length));
        REQUIRE(lab_.await(channel->read_exactly(body)));
        return {head->status, std::string(text_of(body)), *head};
    }

    Heard ask(std::string const& method, std::string const& target, std::string const& fields = "",
              std::string const& body = "") {
        say(method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body);
        return hear(method == "HEAD");
    }

    std::shared_ptr<transfer::TlsChannel> channel;

private:
    ControlLab& lab_;
    transfer::TlsIdentity tls_;
};

inline std::string length(std::size_t bytes) {
    return "Content-Length: " + std::to_string(bytes) + "\r\n";
}

inline std::string text(ByteSpan bytes) {
    return std::string(text_of(bytes));
}

inline RawCaller::Heard post_offer(RawCaller& caller, Offer const& offer,
                                   std::optional<ByteSpan> blob = std::nullopt) {
    std::string const body = text(transfer::encode_offer_request(offer, blob));
    return caller.ask("POST", transfer::offers_path, length(body.size()), body);
}

}  // namespace satchel::testing
