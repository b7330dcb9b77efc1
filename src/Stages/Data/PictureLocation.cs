using System.Security.Cryptography;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Models.Vision;

namespace Pipelines.Stages.Data;

/// <summary>Where the bytes of a picture lie: a file of its own, or a part of a file of questions.</summary>
public abstract record PictureLocation
{
    /// <summary>The file that holds them: looked at again before a result is published.</summary>
    public abstract string Container { get; }

    /// <summary>The picture as people find it: a path, or file and row.</summary>
    public abstract string Shown { get; }

    /// <summary>The bytes of the picture's file, as stored.</summary>
    /// <exception cref="InputException">They cannot be read, or are no text in base64.</exception>
    public abstract byte[] Read();

    /// <summary>The picture.</summary>
    /// <exception cref="InputException">It is missing, damaged, or of no format that is read.</exception>
    public virtual Picture Decode() => PictureDecoder.Decode(Read(), Shown);

    /// <summary>Width and height, upright, without the pixels.</summary>
    /// <inheritdoc cref="Decode"/>
    public virtual (int Width, int Height) ReadSize() => PictureDecoder.ReadSize(Read(), Shown);

    /// <summary>Digest of the bytes, hexadecimal SHA-256.</summary>
    /// <inheritdoc cref="Read"/>
    public string Digest() => Convert.ToHexStringLower(SHA256.HashData(Read()));
}

/// <summary>A picture in a file of its own.</summary>
/// <param name="Path">The file.</param>
public sealed record PictureFile(string Path) : PictureLocation
{
    /// <inheritdoc/>
    public override string Container => Path;

    /// <inheritdoc/>
    public override string Shown => Path;

    /// <inheritdoc/>
    public override byte[] Read() => RegularFile.ReadAllBytes(Path);

    /// <inheritdoc/>
    public override Picture Decode() => PictureDecoder.Decode(Path);

    /// <inheritdoc/>
    public override (int Width, int Height) ReadSize() => PictureDecoder.ReadSize(Path);
}
