using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Reporting.Explorer;

/// <summary>
/// The explorer's data: blocks of the page that the script decodes when they are first looked at, and beyond a weight
/// that browsers bear well scripts beside the page. A page from disk cannot fetch its neighbours; it can run them.
/// </summary>
/// <param name="Blocks">HTML for the page.</param>
/// <param name="Scripts">Scripts beside it: path relative to the page, text.</param>
internal sealed record ExplorerFiles(string Blocks, IReadOnlyList<(string Path, string Text)> Scripts)
{
    private const string Folder = "explorer";
    private const int SamplesOfScript = 40;
    private const int DefaultBytesInPage = 7 << 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, // its default encoder leaves no '<' that could end a block
        Converters = { new FiniteNumber() },
    };

    /// <summary>Of a report; null where there is nothing to walk to.</summary>
    /// <param name="findings">What is known.</param>
    /// <param name="bytesInPage">Weight of what the page holds itself: the index, and samples as long as there is
    /// room.</param>
    public static ExplorerFiles? Of(Findings findings, int bytesInPage = DefaultBytesInPage)
    {
        if (findings.Fitted.Count == 0)
        {
            return null;
        }

        var parts = new SampleParts(findings);
        string[] ids = [.. findings.Samples.Select(s => JsonSerializer.Serialize(s.SampleId, Json))];
        string[] texts = [.. findings.Samples.Select(s => JsonSerializer.Serialize(parts.Of(s), Json))];
        int held = HeldBy(texts, bytesInPage - Encoding.UTF8.GetByteCount(IndexOf(findings, _ => null, [])));
        var scripts = texts
            .Skip(held)
            .Chunk(SamplesOfScript)
            .Select(
                (chunk, i) =>
                    (
                        Path: Invariant.Text($"{Folder}/samples-{i + 1}.js"),
                        Text: Script(held + (i * SamplesOfScript), chunk, ids)
                    )
            )
            .ToList();
        string index = IndexOf(
            findings,
            i => i < held ? null : (i - held) / SamplesOfScript,
            [.. scripts.Select(s => s.Path)]
        );
        var blocks = new StringBuilder(Block("explorer-index", index));
        for (int i = 0; i < held; i++)
        {
            blocks.Append(Block(Invariant.Text($"explorer-{i}"), texts[i]));
        }

        return new ExplorerFiles(blocks.ToString(), scripts);
    }

    private static string IndexOf(Findings findings, Func<int, int?> scriptOf, IReadOnlyList<string> scripts) =>
        JsonSerializer.Serialize(ExplorerIndex.Of(findings, scriptOf, scripts), Json);

    private static int HeldBy(string[] texts, int bytes)
    {
        long sum = 0;
        int held = 0;
        while (held < texts.Length && (sum += Encoding.UTF8.GetByteCount(texts[held])) <= bytes)
        {
            held++;
        }

        return held;
    }

    private static string Block(string id, string json) =>
        $"<script type=\"application/json\" id=\"{id}\">{json}</script>\n";

    /// <summary>A script that gives samples, by place and id, to the page that runs it.</summary>
    private static string Script(int first, string[] parts, string[] ids) =>
        string.Concat(
            parts.Select((part, i) => Invariant.Text($"explorerPart({first + i},{ids[first + i]},{part});\n"))
        );

    /// <summary>JSON knows no NaN: what is undefined is null, which the script writes as a dash.</summary>
    private sealed class FiniteNumber : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
            {
                writer.WriteNumberValue(value);
            }
            else
            {
                writer.WriteNullValue();
            }
        }
    }
}
