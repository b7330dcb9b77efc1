using System.Text.RegularExpressions;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Host.Planning;
using Pipelines.Host.Progress;
using Pipelines.Host.Running;
using Pipelines.Spec;
using Pipelines.Stages;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Running;

/// <summary>A sample's baseline, passes and gradients come from one class of arithmetic, or that is said.</summary>
public sealed class NumericClassTests : IDisposable
{
    private const string Here = "cpu, AVX2",
        There = "cpu, AVX-512";

    private readonly TemporaryFolder folder = new();
    private readonly StringWriter shown = new();

    public void Dispose()
    {
        shown.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData(MixingKind.Refuse, 3)]
    [InlineData(MixingKind.Warn, 4)]
    [InlineData(MixingKind.Allow, 4)]
    public void A_sample_that_another_class_has_begun_is_left_alone_unless_classes_may_meet(
        MixingKind mixing,
        int stored
    )
    {
        Unit[] units = [Of("a of 0", "0"), Of("b of 0", "0"), Of("a of 1", "1"), Of("b of 1", "1")];
        Run([Stage(units[0])], There, MixingKind.Refuse);
        var run = () => Run([Stage(units)], Here, mixing);
        if (mixing == MixingKind.Refuse)
        {
            run.Should()
                .Throw<InputException>()
                .Which.Message.Should()
                .Contain("engine.mixing")
                .And.Contain("1 sample was begun by another class")
                .And.Contain(There)
                .And.Contain(Here)
                .And.Contain("--set engine.mixing=warn");
        }
        else
        {
            run().Should().OnlyContain(o => o.Whole);
        }

        using ArtifactStore store = Store();
        units.Count(u => store.Has(u.Kind, u.Key)).Should().Be(stored);
        shown.ToString().Contains("Classes of arithmetic meet").Should().Be(mixing == MixingKind.Warn);
    }

    [Fact]
    public void A_baseline_of_another_class_keeps_its_samples_from_being_begun()
    {
        Unit mean = Fake.Unit("mean", pictures: ["0", "1"]);
        Run([Stage(mean)], There, MixingKind.Refuse);
        Unit pass = Fake.Unit("pass", pictures: ["1"], parts: new KeyPart.Inputs("baseline", [mean]));
        var run = () => Run([Stage(mean, pass)], Here, MixingKind.Refuse);
        run.Should().Throw<InputException>();
        Run([Stage(mean, pass)], There, MixingKind.Refuse).Should().OnlyContain(o => o.Whole);
    }

    [Fact]
    public void What_versions_without_classes_left_is_taken_for_ones_own()
    {
        Unit[] units = [Of("a of 0", "0"), Of("b of 0", "0")];
        Run([Stage(units[0])], null, MixingKind.Refuse);
        Run([Stage(units)], Here, MixingKind.Refuse).Should().OnlyContain(o => o.Whole);
    }

    [Fact]
    public void While_workers_of_the_other_class_are_at_work_their_samples_are_left_to_them()
    {
        Unit[] units = [Of("a of 0", "0"), Of("b of 0", "0"), Of("a of 1", "1")];
        Run([Stage(units[0])], There, MixingKind.Refuse);
        using ArtifactStore store = Store();
        using var other = new UnitClaims(folder.Path, Guid.NewGuid().ToString("N"), TimeSpan.FromMinutes(2), There);
        other.Take(FileDigests.OfText("anything"));
        Run([Stage(units)], Here, MixingKind.Refuse, endsEarly: true)[0].Missing.Should().Be(1);
        shown.ToString().Should().Contain($"1 unit is left to workers of another class of arithmetic: {There}");
        store.HasNow(units[2].Kind, units[2].Key).Should().BeTrue();
    }

    [Fact]
    public void The_class_stands_in_the_manifest_and_a_manifest_without_one_is_read()
    {
        Unit unit = Of("a of 0", "0");
        Run([Stage(unit)], Here, MixingKind.Refuse);
        using ArtifactStore store = Store();
        string path = Path.Combine(store.FolderOf(unit.Kind, unit.Key), Manifest.FileName);
        Manifest manifest = Manifest.Read(path)!;
        manifest.NumericClass.Should().Be(Here);
        string old = System.Text.Encoding.UTF8.GetString(manifest.ToJson());
        int at = old.LastIndexOf(",\n", StringComparison.Ordinal);
        File.WriteAllText(path, old[..at] + "\n}");
        Manifest.Read(path)!.NumericClass.Should().BeNull();
    }

    [Fact]
    public void Where_classes_meet_is_told_by_class_stage_and_sample()
    {
        ClassMeeting.Of([("a", "forward", "1"), ("a", "baseline", null)]).Should().BeNull();
        ClassMeeting meeting = ClassMeeting.Of([("a", "forward", "1"), ("b", "forward", "1"), ("b", "validate", "2")])!;
        meeting.Samples.Should().Equal("1");
        meeting
            .ToString()
            .Should()
            .Be(
                "Classes of arithmetic meet, whose last digits differ (a: 1 unit of forward; b: 2 units of forward, "
                    + "validate); in the sample 1 they are mixed."
            );
        ClassMeeting
            .Of([("a", "baseline", null), ("b", "forward", "1")])!
            .Samples.Should()
            .Equal(["1"], "every sample reads the baseline");
    }

    [Fact]
    public void The_class_of_this_process_names_device_instructions_arithmetic_and_libraries()
    {
        NumericClass
            .Instructions.Should()
            .MatchRegex(@"^(\S+ )?(AVX-512|AVX2|NEON|no vectors)( \(libraries AVX-512\))?$");
        NumericClass
            .Of("", "cpu float32 packed", Catalog.ArithmeticLibraries, _ => null)
            .Should()
            .MatchRegex($"^cpu float32 packed, {Regex.Escape(NumericClass.Instructions)}, torchsharp [0-9.]+");
        NumericClass
            .Of("NVIDIA H200", "cuda bfloat16 torch", [], _ => null)
            .Should()
            .Be("cuda bfloat16 torch, NVIDIA H200");
    }

    [Theory]
    [InlineData("avx2 fma", "AVX2", "A AVX2")]
    [InlineData("avx2 avx512f avx512bw avx512dq avx512vl", "AVX-512", "A AVX-512")]
    [InlineData("avx2 avx512f avx512bw avx512dq avx512vl", "AVX2", "A AVX2 (libraries AVX-512)")]
    [InlineData("avx2 avx512f", "AVX2", "A AVX2")]
    public void Vectors_that_libraries_take_and_the_runtime_does_not_make_another_class(
        string flags,
        string runtime,
        string described
    )
    {
        string cpuInfo = Path.Combine(folder.Path, "cpuinfo");
        File.WriteAllText(cpuInfo, $"vendor_id\t: A\nflags\t\t: {flags}\n");
        NumericClass.Described(cpuInfo, runtime).Should().Be(described);
    }

    [Fact]
    public void Variables_by_which_libraries_choose_their_kernels_make_another_class() =>
        new[] { "", "a card" }
            .Select(card => NumericClass.Of(card, "float32", [], name => name
                        is "MKL_CBWR"
                            or "NVIDIA_TF32_OVERRIDE"
                            or "PATH"
                        ? "0"
                    : name == "DNNL_MAX_CPU_ISA" ? ""
                    : null))
            .Should()
            .Equal($"float32, {NumericClass.Instructions}, MKL_CBWR=0", "float32, a card, NVIDIA_TF32_OVERRIDE=0");

    private static Unit Of(string name, string picture) => Fake.Unit(name, pictures: [picture]);

    private static FakeStage Stage(params Unit[] units) => new("fake", _ => new UnitList(units)) { Name = "s" };

    private ArtifactStore Store() => new(folder.Path, new FileDigests(null));

    private IReadOnlyList<StageOutcome> Run(
        IReadOnlyList<Stage> stages,
        string? numericClass,
        MixingKind mixing,
        bool endsEarly = false
    )
    {
        using ArtifactStore store = Store();
        using var claims = new UnitClaims(folder.Path, store.Lease.Id, TimeSpan.FromMinutes(2), numericClass);
        using var log = new RunLog(Path.Combine(folder.Path, ".log.txt"));
        ClassRule? rule = numericClass is null ? null : new ClassRule(numericClass, mixing, store);
        return new Runner(
            new Catalog(store, "test") { NumericClass = numericClass },
            new LocalExecutor(1, () => { }),
            new PlainProgress(shown),
            log,
            _ => ["never computed"],
            keepGoing: false,
            default,
            sharing: new Sharing(claims, endsEarly, rule)
        ).Run(stages);
    }
}
