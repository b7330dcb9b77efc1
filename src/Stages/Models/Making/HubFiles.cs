using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipelines.Stages.Models.Making;

/// <summary>The small files of the published models, embedded from Configs/.</summary>
internal static class HubFiles
{
    private const string Root = "Models/";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Names of a model's files.</summary>
    public static IEnumerable<string> Of(PublishedModel model)
    {
        string prefix = $"{Root}{model.Name}/";
        return typeof(HubFiles).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Select(n => n[prefix.Length..]).Order(StringComparer.Ordinal);
    }

    /// <summary>Bytes of a file as embedded.</summary>
    public static byte[] Read(PublishedModel model, string file)
    {
        using Stream stream = typeof(HubFiles).Assembly.GetManifestResourceStream($"{Root}{model.Name}/{file}") ?? throw new ArgumentException($"no embedded file {file} of {model.Name}", nameof(file));
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>A file as JSON.</summary>
    public static JsonObject ReadJson(PublishedModel model, string file) => JsonNode.Parse(Read(model, file))!.AsObject();

    /// <summary>config.json with the numbers of layers of <paramref name="model"/>; as embedded where they are the published ones.</summary>
    public static byte[] Config(PublishedModel model)
    {
        PublishedModel published = PublishedModel.Named(model.Name);
        if (model == published)
        {
            return Read(model, "config.json");
        }

        JsonObject config = ReadJson(model, "config.json");
        JsonObject decoder = model.Family switch
        {
            ModelFamily.Llava or ModelFamily.LlavaNext => config["text_config"]!.AsObject(),
            ModelFamily.InternVl => config["llm_config"]!.AsObject(),
            _ => config,
        };
        decoder["num_hidden_layers"] = model.Layers; // the 7B LLaVA files leave it out: 32 is the class default
        config["vision_config"]![model.Family == ModelFamily.Qwen2Vl ? "depth" : "num_hidden_layers"] = model.VisionLayers;
        return System.Text.Encoding.UTF8.GetBytes(config.ToJsonString(Indented) + "\n");
    }
}
