# Makes terms.json and tokens.json, with the code whose tokens Pinion's are to be: the Erlang runtime's term_to_binary
# and Plug.Crypto, which is what Phoenix.Token calls. Run on a machine that has both (not needed to build or test
# Pinion), with Plug.Crypto on the code path:
#
#     elixir -pa DIRECTORY-OF-BEAMS make.exs tests/vectors/token
#
# The files here were made with Plug.Crypto 2.1.1, Elixir 1.14.0 and Erlang/OTP 25.2.3. Encrypted tokens differ each time.

defmodule Json do
  def encode(nil), do: "null"
  def encode(value) when is_boolean(value) or is_number(value), do: to_string(value)
  def encode(value) when is_atom(value), do: encode(to_string(value))
  def encode(value) when is_binary(value), do: [?", for(<<c::utf8 <- value>>, do: char(c)), ?"]
  def encode(value) when is_list(value), do: ["[", Enum.map_intersperse(value, ", ", &encode/1), "]"]
  # Pairs, in their order.
  def encode({:object, pairs}) do
    ["{", Enum.map_intersperse(pairs, ", ", fn {k, v} -> [encode(k), ": ", encode(v)] end), "}"]
  end

  # One member a line, one element of a list of objects a line.
  def file(pairs) do
    members = Enum.map_intersperse(pairs, ",\n", fn {k, v} -> ["  ", encode(k), ": ", lines(v)] end)
    ["{\n", members, "\n}\n"]
  end

  defp lines([{:object, _} | _] = list), do: ["[\n    ", Enum.map_intersperse(list, ",\n    ", &encode/1), "\n  ]"]
  defp lines(value), do: encode(value)

  defp char(?"), do: "\\\""
  defp char(?\\), do: "\\\\"
  defp char(c) when c < 0x20, do: "\\u" <> String.pad_leading(Integer.to_string(c, 16), 4, "0")
  defp char(c), do: <<c::utf8>>
end

defmodule Make do
  import Bitwise

  @secret "pinion vectors: this secret is for tests, and everybody knows it."
  @salt "user auth"
  @signed_at 1_700_000_000

  def shown(term), do: term |> inspect(limit: 6) |> String.slice(0, 80)

  def hex(bytes), do: Base.encode16(bytes, case: :lower)

  # Atoms as OTP 26 and later write them; this runtime can, when told to.
  def to_binary(term), do: :erlang.term_to_binary(term, minor_version: 2)

  # ---- terms ----

  # {term, its JSON}: read as this JSON, and this JSON is written as the term.
  def both_ways do
    many = for i <- 1..32, do: {"key #{String.pad_leading(to_string(i), 2, "0")}", i}

    [
      {nil, "null"},
      {true, "true"},
      {false, "false"},
      {0, "0"},
      {255, "255"},
      {256, "256"},
      {-1, "-1"},
      {(1 <<< 31) - 1, "2147483647"},
      {1 <<< 31, "2147483648"},
      {-(1 <<< 31), "-2147483648"},
      {-(1 <<< 31) - 1, "-2147483649"},
      {1 <<< 32, "4294967296"},
      {1 <<< 56, "72057594037927936"},
      {(1 <<< 63) - 1, "9223372036854775807"},
      {-(1 <<< 63), "-9223372036854775808"},
      {1.5, "1.5"},
      {-0.0, "-0.0"},
      {5.0e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e308"},
      {"", "\"\""},
      {"a string", "\"a string\""},
      {"Grüße, 世界 🦉", "\"Grüße, 世界 🦉\""},
      {"nul\0nul", "\"nul\\u0000nul\""},
      {[], "[]"},
      {[1, 2, 255], "[1,2,255]"},
      {[1, 2, 256], "[1,2,256]"},
      {[1, -2], "[1,-2]"},
      {[[], [[]], ["x"]], "[[],[[]],[\"x\"]]"},
      {[nil, true, 1.0], "[null,true,1.0]"},
      {Enum.to_list(1..255), "[#{Enum.join(1..255, ",")}]"},
      {%{}, "{}"},
      {%{"id" => 7}, "{\"id\":7}"},
      {%{"b" => 1, "a" => 2, "ab" => 3, "" => 4, "ä" => 5, "Z" => 6},
       "{\"b\":1,\"a\":2,\"ab\":3,\"\":4,\"ä\":5,\"Z\":6}"},
      {Map.new(many), "{#{Enum.map_join(Enum.reverse(many), ",", fn {k, v} -> "\"#{k}\":#{v}" end)}}"},
      {%{"user" => %{"id" => 7, "roles" => ["admin", "staff"], "email" => nil}},
       "{\"user\":{\"email\":null,\"id\":7,\"roles\":[\"admin\",\"staff\"]}}"}
    ]
  end

  # Read as this JSON, which is written otherwise.
  def read_only do
    [
      {:atom, "\"atom\""},
      {:ä, "\"ä\""},
      {:世界, "\"世界\""},
      {:"", "\"\""},
      {MyApp.User, "\"Elixir.MyApp.User\""},
      {{}, "[]"},
      {{:user, 7}, "[\"user\",7]"},
      {List.to_tuple(Enum.to_list(1..256)), "[#{Enum.join(1..256, ",")}]"},
      {'charlist', "[#{Enum.join('charlist', ",")}]"},
      {%{id: 7, name: "Ada"}, "{\"id\":7,\"name\":\"Ada\"}"},
      {%{1 => "one", -300 => "minus", (1 <<< 40) => "large"},
       "{\"1\":\"one\",\"-300\":\"minus\",\"1099511627776\":\"large\"}"},
      {%{nil => 1, true => 2}, "{\"nil\":1,\"true\":2}"},
      {~D[2024-02-29],
       "{\"__struct__\":\"Elixir.Date\",\"calendar\":\"Elixir.Calendar.ISO\",\"day\":29,\"month\":2,\"year\":2024}"},
      {for(i <- 1..40, into: %{}, do: {"k#{i}", i}),
       "{#{Enum.map_join(1..40, ",", fn i -> "\"k#{i}\":#{i}" end)}}"}
    ]
  end

  # No place in JSON.
  def no_place do
    [
      1 <<< 63,
      -(1 <<< 63) - 1,
      1 <<< 4096,
      <<1::3>>,
      ["in a list: ", <<0xFF>>],
      [1 | 2],
      %{"a" => 1, a: 2},
      %{{1} => 2},
      %{1.0 => 2},
      %{<<0xFF>> => 1},
      %{"nul\0" => 1},
      self(),
      make_ref(),
      &String.length/1,
      fn x -> x end
    ]
  end

  def term(term, json, way) do
    members = [elixir: shown(term), hex: hex(to_binary(term)), way: way]
    otp25 = :erlang.term_to_binary(term, minor_version: 1)
    members = if otp25 == to_binary(term), do: members, else: members ++ [hex_otp25: hex(otp25)]
    {:object, if(json, do: members ++ [json: json], else: members)}
  end

  def terms do
    for({t, json} <- both_ways(), do: term(t, json, "both")) ++
      for({t, json} <- read_only(), do: term(t, json, "read")) ++
      for t <- no_place(), do: term(t, nil, "none")
  end

  # ---- tokens ----

  def data do
    [
      {7, [json: "7"]},
      {"user 7", [json: "\"user 7\""]},
      {"", [json: "\"\""]},
      {nil, [json: "null"]},
      {%{"id" => 7, "roles" => ["admin"], "quota" => 1.5}, [json: "{\"id\":7,\"roles\":[\"admin\"],\"quota\":1.5}"]},
      {%{}, [json: "{}"]},
      {[1, 2, 3], [json: "[1,2,3]"]},
      {<<0, 255, 128>>, [hex: "00ff80"]},
      {:crypto.hash(:sha256, "a hash"), [hex: hex(:crypto.hash(:sha256, "a hash"))]},
      {%{user_id: 7, scope: :admin}, [json: "{\"user_id\":7,\"scope\":\"admin\"}", otherwise: true]},
      {{:user, 7}, [json: "[\"user\",7]", otherwise: true]}
    ]
  end

  def options do
    [
      [max_age: 60],
      [max_age: 1_000_000],
      [max_age: :infinity],
      [key_iterations: 1],
      [key_iterations: 5000],
      [key_length: 16],
      [key_length: 64],
      [key_digest: :sha384],
      [key_digest: :sha512],
      [max_age: 300, key_iterations: 2000, key_length: 48, key_digest: :sha512]
    ]
  end

  # An atom in a token is written as before OTP 26 by this runtime; beside the real token, the same as a later one
  # signs it, which the real code must accept.
  def later(term, token, options) do
    key = key(options)
    content = {term, @signed_at * 1000, Keyword.get(options, :max_age, 86400)}
    later = Plug.Crypto.MessageVerifier.sign(to_binary(content), key)
    reading = [max_age: :infinity, cache: nil] ++ Keyword.delete(options, :max_age)
    {:ok, ^term} = Plug.Crypto.verify(@secret, @salt, later, reading)
    if later == token, do: [], else: [token_otp26: later]
  end

  def key(options) do
    Plug.Crypto.KeyGenerator.generate(@secret, @salt,
      iterations: Keyword.get(options, :key_iterations, 1000),
      length: Keyword.get(options, :key_length, 32),
      digest: Keyword.get(options, :key_digest, :sha256)
    )
  end

  def token(function, {term, members}, options) do
    all = [signed_at: @signed_at, cache: nil] ++ options
    token = apply(Plug.Crypto, function, [@secret, @salt, term, all])
    later = if function == :sign, do: later(term, token, options), else: []
    {:object, [by: function, elixir: shown(term)] ++ options ++ members ++ [token: token] ++ later}
  end

  def odd(name, message, digest \\ :sha256) do
    {:object, [elixir: name, token: Plug.Crypto.MessageVerifier.sign(to_binary(message), key([]), digest)]}
  end

  def odd_tokens do
    ms = @signed_at * 1000

    [
      odd("HS384", {7, ms, :infinity}, :sha384),
      odd("HS512", {7, ms, :infinity}, :sha512),
      odd("{data, signed_at}", {7, ms}),
      odd("%{data: data, signed: signed_at}", %{data: 7, signed: ms}),
      odd("with more in the map", %{data: 7, signed: ms, more: [1, 2]}),
      odd("max_age of half a second", {7, ms, 0.5})
    ]
  end

  def tokens do
    for(d <- data(), do: token(:sign, d, [])) ++
      for(o <- options(), do: token(:sign, hd(data()), o)) ++
      for(d <- data(), do: token(:encrypt, d, [])) ++
      for o <- options(), Keyword.get(o, :key_length, 32) == 32, do: token(:encrypt, hd(data()), o)
  end

  def files(directory) do
    versions = "Plug.Crypto 2.1.1, Elixir #{System.version()}, Erlang/OTP #{:erlang.system_info(:otp_release)}"

    terms = [about: "Erlang terms and the JSON they are read as, by make.exs", versions: versions, terms: terms()]

    tokens = [
      about: "Tokens of Plug.Crypto (Phoenix.Token), by make.exs",
      versions: versions,
      secret: @secret,
      salt: @salt,
      signed_at: @signed_at,
      tokens: tokens(),
      odd_tokens: odd_tokens()
    ]

    File.write!(Path.join(directory, "terms.json"), Json.file(terms))
    File.write!(Path.join(directory, "tokens.json"), Json.file(tokens))
  end
end

Make.files(hd(System.argv()))
