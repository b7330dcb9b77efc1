using System.Text;

namespace Pipelines.Fuzz.Mutators;

/// <summary>
/// Damages JSON below its syntax: values of other types and sizes, members gone, twice, renamed or elsewhere.
/// </summary>
internal sealed class JsonMutator : Mutator
{
    private static readonly string[] Nasty =
    [
        "null",
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1",
        "2",
        "3",
        "0.5",
        "-0.0",
        "1e-320",
        "1e308",
        "1e999",
        "16777217",
        "2147483647",
        "2147483648",
        "-2147483648",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "123456789012345678901234567890",
        "NaN",
        "\"\"",
        "\" \"",
        "\"0\"",
        "\"a\"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"\\udc00x\"",
        "\"\\u202e\\u001b[2J\"",
        "\"..\"",
        "\"../x\"",
        "\"/\"",
        "\"C:\\\\x\"",
        "\"\u00e2\u0096\u0081\"",
        "\"a b\"",
        "\"a b c\"",
        "\"<s>\"",
        "\"\u00ff\"",
        "{}",
        "[]",
        "[null]",
        "[[]]",
        "[0,0]",
        "[1,2,3,4]",
        "{\"a\":null}",
        "{\"\":1}",
        "{\"content\":null}",
        "{\"type\":\"Sequence\"}",
        "{\"a\":1,\"a\":2}",
    ];

    public override byte[] Mutate(byte[] input, RandomStream random)
    {
        JsonPiece? root = JsonPiece.Parse(input);
        if (root is null)
        {
            return new BytesMutator().Mutate(input, random);
        }

        List<JsonPiece> all = [.. root.All()],
            holders = [.. all.Where(p => p.Items.Count > 0)];
        if (holders.Count == 0)
        {
            return Encoding.Latin1.GetBytes(random.Pick(Nasty));
        }

        JsonPiece holder = Holder(root, holders, random);
        int at = random.Below(holder.Items.Count);
        (string name, JsonPiece value) = holder.Items[at];
        switch (random.Below(12))
        {
            case 0 or 1 or 2:
                holder.Items[at] = (name, JsonPiece.Of(random.Pick(Nasty)));
                break;
            case 3:
                holder.Items[at] = (name, random.Pick(all).Copy());
                break;
            case 4:
                holder.Items.RemoveAt(at);
                break;
            case 5:
                holder.Items.Insert(random.Below(holder.Items.Count + 1), (name, value.Copy()));
                break;
            case 6:
                holder.Items.Insert(at, (name, JsonPiece.Of(random.Pick(Nasty))));
                break;
            case 7:
                int other = random.Below(holder.Items.Count);
                (holder.Items[at], holder.Items[other]) = (
                    (name, holder.Items[other].Value),
                    (holder.Items[other].Name, value)
                );
                break;
            case 8 when name.Length > 0:
                holder.Items[at] = (
                    random.Pick(
                        holders
                            .SelectMany(h => h.Items)
                            .Select(i => i.Name)
                            .Where(n => n.Length > 0)
                            .Take(1000)
                            .ToList()
                    ),
                    value
                );
                break;
            case 9 when value.Open == '\0':
                value.Raw = Tweaked(value.Raw, random);
                break;
            case 10:
                holder.Items[at] = (name, Nested(value, random.OneIn(4) ? random.Below(100) : 1));
                break;
            default:
                Repeat(holder, at, random);
                break;
        }

        return root.ToBytes();
    }

    public override IEnumerable<byte[]> Shrunk(byte[] input)
    {
        JsonPiece? root = JsonPiece.Parse(input);
        if (root is null)
        {
            yield break;
        }

        foreach (JsonPiece holder in root.All().Where(p => p.Items.Count > 0).ToList())
        {
            for (int count = holder.Items.Count; count >= 1; count /= 2)
            {
                for (int at = 0; at + count <= holder.Items.Count; at += count)
                {
                    var taken = holder.Items.GetRange(at, count);
                    holder.Items.RemoveRange(at, count);
                    yield return root.ToBytes();
                    holder.Items.InsertRange(at, taken);
                }
            }
        }
    }

    /// <summary>
    /// A container: one near the root as often as one anywhere, as a vocabulary has thousands of values that are all
    /// alike.
    /// </summary>
    private static JsonPiece Holder(JsonPiece root, List<JsonPiece> holders, RandomStream random)
    {
        if (random.OneIn(3))
        {
            return random.Pick(holders);
        }

        JsonPiece holder = root;
        while (
            holder.Items.Select(i => i.Value).Where(v => v.Items.Count > 0).ToList() is { Count: > 0 } inner
            && !random.OneIn(3)
        )
        {
            holder = random.Pick(inner);
        }

        return holder.Items.Count > 0 ? holder : random.Pick(holders);
    }

    private static string Tweaked(string raw, RandomStream random)
    {
        if (raw is not ['"', ..])
        {
            return random.Pick<string>([
                "-" + raw,
                raw + "0",
                raw + ".5",
                raw + "e9",
                $"\"{raw}\"",
                raw + "00000000000000000000",
            ]);
        }

        string inside = raw[1..^1];
        int at = random.Below(inside.Length + 1);
        string With(string odd) => $"\"{inside[..at]}{odd}{inside[at..]}\"";
        return random.Below(4) switch
        {
            0 => $"\"{new StringBuilder().Insert(0, inside.Length > 0 ? inside : "x", random.OneIn(8) ? 2000 : 2)}\"",
            1 => With(
                random.Pick<string>([
                    "\\u0000",
                    "\\ud83d",
                    " ",
                    "\\n",
                    "\\\"",
                    "\u00c3\u00a9",
                    "(",
                    "[",
                    "*",
                    "{",
                    "\\\\",
                ])
            ),
            2 => $"\"{inside[..at]}\"",
            _ => inside,
        };
    }

    private static JsonPiece Nested(JsonPiece value, int depth)
    {
        for (int i = 0; i < depth; i++)
        {
            value = JsonPiece.ListOf(value);
        }

        return value;
    }

    private static void Repeat(JsonPiece holder, int at, RandomStream random)
    {
        (string name, JsonPiece value) = holder.Items[at];
        int times =
            value.Items.Count > 50 ? 1
            : random.OneIn(10) ? 2000
            : 5;
        holder.Items.InsertRange(
            at,
            Enumerable.Range(0, times).Select(i => (name.Length > 1 ? $"{name[..^1]}{i}\"" : name, value))
        );
    }
}
