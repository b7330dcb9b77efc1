namespace Pipelines.Domain;

/// <summary>What happens to a picture that is not square (LLaVA-1.5).</summary>
public enum ImageFit
{
    /// <summary>Short side to the model's size, centre crop.</summary>
    Crop,

    /// <summary>Padded to a square with the mean colour first.</summary>
    Pad,
}
