using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipelines.Models.Families;

namespace Pipelines.Models.Making;

/// <summary>The small files of the published models, embedded from Configs/.</summary>
internal static class HubFiles
{
    private const string Root = "Models/";
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Names of a model's files.</summary>
    public static IEnumerable<string> Of(PublishedModel model)
    {
        string prefix = $"{Root}{model.Name}/";
        return typeof(HubFiles)
            .Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(prefix, StringComparison.Ordinal))
            .Select(n => n[prefix.Length..])
            .Order(StringComparer.Ordinal);
    }

    /// <summary>Bytes of a file as embedded.</summary>
    public static byte[] Read(PublishedModel model, string file)
    {
        using Stream stream =
            typeof(HubFiles).Assembly.GetManifestResourceStream($"{Root}{model.Name}/{file}")
            ?? throw new ArgumentException($"no embedded file {file} of {model.Name}", nameof(file));
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>A file as JSON.</summary>
    public static JsonObject ReadJson(PublishedModel model, string file) =>
        JsonNode.Parse(Read(model, file))!.AsObject();

    /// <summary>
    /// config.json with the numbers of <paramref name="model"/>; as embedded where they are the published ones.
    /// </summary>
    public static byte[] Config(PublishedModel model)
    {
        if (model == PublishedModel.Named(model.Name))
        {
            return Read(model, "config.json");
        }

        JsonObject config = ReadJson(model, "config.json"),
            vision = config["vision_config"]!.AsObject();
        JsonObject decoder = model.Family switch
        {
            ModelFamily.Llava or ModelFamily.LlavaNext => config["text_config"]!.AsObject(),
            ModelFamily.InternVl => config["llm_config"]!.AsObject(),
            _ => config,
        };
        decoder["num_hidden_layers"] = model.Layers;
        decoder["num_attention_heads"] = model.Heads;
        decoder["num_key_value_heads"] = model.KvHeads;
        decoder["hidden_size"] = model.Hidden;
        decoder["intermediate_size"] = model.Intermediate;
        if (model.Family == ModelFamily.Qwen2Vl)
        {
            vision["depth"] = model.VisionLayers;
            vision["hidden_size"] = model.Hidden; // of the decoder: the merger's output
        }
        else
        {
            vision["num_hidden_layers"] = model.VisionLayers;
        }

        return System.Text.Encoding.UTF8.GetBytes(config.ToJsonString(Indented) + "\n");
    }
}
