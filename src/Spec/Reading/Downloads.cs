using System.Text.RegularExpressions;

namespace Pipelines.Spec.Reading;

/// <summary>Where the models and pictures of the paper come from: what a message about a missing one can say.</summary>
internal static partial class Downloads
{
    private static readonly Dictionary<string, string> Models = new(StringComparer.OrdinalIgnoreCase)
    {
        ["llava-1.5-7b-hf"] = "llava-hf/llava-1.5-7b-hf",
        ["llava-1.5-13b-hf"] = "llava-hf/llava-1.5-13b-hf",
        ["llava-v1.6-vicuna-7b-hf"] = "llava-hf/llava-v1.6-vicuna-7b-hf",
        ["llava-v1.6-vicuna-13b-hf"] = "llava-hf/llava-v1.6-vicuna-13b-hf",
        ["llava-v1.6-mistral-7b-hf"] = "llava-hf/llava-v1.6-mistral-7b-hf",
        ["llama3-llava-next-8b-hf"] = "llava-hf/llama3-llava-next-8b-hf",
        ["llava-v1.6-34b-hf"] = "llava-hf/llava-v1.6-34b-hf",
        ["InternVL2_5-1B"] = "OpenGVLab/InternVL2_5-1B",
        ["InternVL2_5-2B"] = "OpenGVLab/InternVL2_5-2B",
        ["InternVL2_5-4B"] = "OpenGVLab/InternVL2_5-4B",
        ["InternVL2_5-8B"] = "OpenGVLab/InternVL2_5-8B",
        ["InternVL3-1B"] = "OpenGVLab/InternVL3-1B",
        ["InternVL3-2B"] = "OpenGVLab/InternVL3-2B",
        ["InternVL3-8B"] = "OpenGVLab/InternVL3-8B",
        ["InternVL3-14B"] = "OpenGVLab/InternVL3-14B",
        ["InternVL3_5-1B"] = "OpenGVLab/InternVL3_5-1B",
        ["InternVL3_5-2B"] = "OpenGVLab/InternVL3_5-2B",
        ["InternVL3_5-4B"] = "OpenGVLab/InternVL3_5-4B",
        ["InternVL3_5-8B"] = "OpenGVLab/InternVL3_5-8B",
        ["InternVL3_5-1B-HF"] = "OpenGVLab/InternVL3_5-1B-HF",
        ["InternVL3_5-2B-HF"] = "OpenGVLab/InternVL3_5-2B-HF",
        ["InternVL3_5-4B-HF"] = "OpenGVLab/InternVL3_5-4B-HF",
        ["InternVL3_5-8B-HF"] = "OpenGVLab/InternVL3_5-8B-HF",
        ["Qwen2-VL-2B-Instruct"] = "Qwen/Qwen2-VL-2B-Instruct",
        ["Qwen2-VL-7B-Instruct"] = "Qwen/Qwen2-VL-7B-Instruct",
        ["Qwen2.5-VL-3B-Instruct"] = "Qwen/Qwen2.5-VL-3B-Instruct",
        ["Qwen2.5-VL-7B-Instruct"] = "Qwen/Qwen2.5-VL-7B-Instruct",
        ["Qwen3-VL-2B-Instruct"] = "Qwen/Qwen3-VL-2B-Instruct",
        ["Qwen3-VL-4B-Instruct"] = "Qwen/Qwen3-VL-4B-Instruct",
        ["Qwen3-VL-8B-Instruct"] = "Qwen/Qwen3-VL-8B-Instruct",
        ["llava-onevision-qwen2-0.5b-ov-hf"] = "llava-hf/llava-onevision-qwen2-0.5b-ov-hf",
        ["llava-onevision-qwen2-7b-ov-hf"] = "llava-hf/llava-onevision-qwen2-7b-ov-hf",
        ["gemma-3-4b-it"] = "google/gemma-3-4b-it",
        ["gemma-3-12b-it"] = "google/gemma-3-12b-it",
        ["SmolVLM2-256M-Video-Instruct"] = "HuggingFaceTB/SmolVLM2-256M-Video-Instruct",
        ["SmolVLM2-500M-Video-Instruct"] = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct",
        ["SmolVLM2-2.2B-Instruct"] = "HuggingFaceTB/SmolVLM2-2.2B-Instruct",
        ["Idefics3-8B-Llama3"] = "HuggingFaceM4/Idefics3-8B-Llama3",
    };

    /// <summary>
    /// How to get the model that belongs into <paramref name="folder"/>, judged by the folder's name.
    /// </summary>
    public static string Model(string folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        string? known = Models.GetValueOrDefault(name)
            ?? (Nearest.To(name, Models.Keys) is { } near ? Models[near] : null);
        return known is null
            ? "put the model's hub folder there (config.json, *.safetensors and the tokenizer's files), or "
                + "set model.path"
            : $"get {known} from the model hub, 'hf download {known} --local-dir {folder}', or set model.path";
    }

    /// <summary>How to get COCO pictures, judged by the folder's name.</summary>
    public static string CocoImages(string folder) =>
        Split().Match(folder) is { Success: true, Value: var split }
            ? $"get {split}.zip (COCO images, cocodataset.org) and unpack it there"
            : "put the COCO pictures there (cocodataset.org, for example train2017.zip), or set data.images";

    /// <summary>How to get COCO annotations, judged by the file's name.</summary>
    public static string CocoAnnotations(string file) =>
        Split().Match(Path.GetFileName(file)) is { Success: true, Value: var split }
            ? $"get annotations_trainval{split[^4..]}.zip (COCO annotations, cocodataset.org), which holds "
                + $"instances_{split}.json"
            : "put an instances_*.json in COCO's format there (cocodataset.org, annotations_trainval2017.zip), or "
                + "set data.annotations";

    /// <summary>How to get DomainNet.</summary>
    public static string DomainNet(IEnumerable<string> domains) =>
        $"get {string.Join(", ", domains.Select(d => d + ".zip"))} (DomainNet, cleaned version, ai.bu.edu/M3SDA) and "
        + $"unpack them there, so that it holds domain/class/file";

    [GeneratedRegex("(train|val|test)20(14|17)", RegexOptions.RightToLeft)]
    private static partial Regex Split();
}
