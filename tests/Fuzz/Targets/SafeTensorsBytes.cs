using Pipelines.Models.Tensors;

namespace Pipelines.Fuzz.Targets;

/// <summary>Small safetensors files.</summary>
internal static class SafeTensorsBytes
{
    /// <summary>The file of some tensors.</summary>
    public static byte[] Of(params TensorToWrite[] tensors)
    {
        using var file = new MemoryStream();
        SafeTensorsWriter.Write(file, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        return file.ToArray();
    }
}
