using System.Diagnostics;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Pipelines.Stages.Tests.Storage;

public sealed class ParquetFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int Tries = 1500;

    private readonly string folder = Directory.CreateTempSubdirectory("fuzz-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Damaged_bytes_give_rows_or_an_error_that_names_the_file_and_no_hang_or_allocation_beyond_bounds()
    {
        var random = new SplitMix64(2024, 7);
        string[] originals =
        [
            Path.Combine(folder, "masks.parquet"),
            Path.Combine(folder, "samples.parquet"),
            Path.Combine(folder, "fits.parquet"),
        ];
        MaskPart.Write(
            originals[0],
            "s",
            0,
            [.. Enumerable.Range(0, 300).Select(i => new byte[] { (byte)i, (byte)(i * 7), 3 })]
        );
        Tables
            .Of<SampleRow>()
            .Write(
                originals[1],
                [
                    .. Enumerable
                        .Range(0, 40)
                        .Select(i => new SampleRow(
                            $"{i}",
                            $"{i}.jpg",
                            i % 2 == 0 ? "dog" : null,
                            "What?",
                            "Dog",
                            "right",
                            GivenTokens: null,
                            Given: null,
                            TargetToken: i,
                            Target: null,
                            FIntact: i,
                            FAblated: null,
                            SampleRow.Kept,
                            Reason: null
                        )),
                ]
            );
        Tables
            .Of<FitRow>()
            .Write(
                originals[2],
                [
                    .. Enumerable
                        .Range(0, 40)
                        .Select(i => new FitRow($"{i}", "sdca", i, null, i, i, i, i, null, i % 3 == 0, i, i)),
                ]
            );
        byte[][] bytes = [.. originals.Select(File.ReadAllBytes)];
        string path = Path.Combine(folder, "damaged.parquet");
        int errors = 0;
        long mostAllocated = 0,
            mostMilliseconds = 0;
        for (int t = 0; t < Tries; t++)
        {
            int which = t % bytes.Length;
            File.WriteAllBytes(path, Damage(bytes[which], ref random));
            var watch = Stopwatch.StartNew();
            long before = GC.GetTotalAllocatedBytes();
            try
            {
                _ = which switch
                {
                    0 => MaskPart.Read([path], 24).Count(),
                    1 => Tables.Of<SampleRow>().Read(path).Count,
                    _ => Tables.Of<FitRow>().Read(path).Count,
                };
            }
            catch (InputException e)
            {
                e.Message.Should().Contain(path);
                errors++;
            }

            mostAllocated = Math.Max(mostAllocated, GC.GetTotalAllocatedBytes() - before);
            mostMilliseconds = Math.Max(mostMilliseconds, watch.ElapsedMilliseconds);
        }

        output.WriteLine(
            $"{Tries} damaged files: {errors} errors, the rest read; at most {mostAllocated / 1024} KiB allocated "
                + $"and {mostMilliseconds} ms"
        );
        errors.Should().BeGreaterThan(Tries / 3);
        mostAllocated.Should().BeLessThan(256 << 20);
        mostMilliseconds.Should().BeLessThan(20_000);
    }

    /// <summary>One to four changed bytes (anywhere, or in the footer), or a cut, or a piece moved.</summary>
    private static byte[] Damage(byte[] original, ref SplitMix64 random)
    {
        byte[] copy = [.. original];
        int footer = BitConverter.ToInt32(copy, copy.Length - 8) + 8;
        switch (random.Below(6))
        {
            case 0:
                return copy[..random.Below(copy.Length)];
            case 1:
                int length = 1 + random.Below(40),
                    from = random.Below(copy.Length - length),
                    to = random.Below(copy.Length - length);
                original.AsSpan(from, length).CopyTo(copy.AsSpan(to));
                return copy;
            default:
                bool inFooter = random.Below(2) == 0;
                for (int changes = 1 + random.Below(4); changes > 0; changes--)
                {
                    int at = inFooter ? copy.Length - 1 - random.Below(footer) : random.Below(copy.Length);
                    copy[at] = random.Below(3) switch
                    {
                        0 => 0xFF,
                        1 => (byte)(copy[at] ^ (1 << random.Below(8))),
                        _ => (byte)random.Below(256),
                    };
                }

                return copy;
        }
    }
}
