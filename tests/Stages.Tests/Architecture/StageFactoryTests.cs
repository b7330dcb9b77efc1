using System.Reflection;
using FluentAssertions;
using Pipelines.Spec;
using Xunit;

namespace Pipelines.Stages.Tests.Architecture;

public sealed class StageFactoryTests
{
    [Fact]
    public void Every_kind_of_the_specs_has_a_stage() =>
        StageFactory
            .Constructors.Keys.Should()
            .BeEquivalentTo(
                new[] { typeof(StageSpec).Assembly, typeof(Stage).Assembly }
                    .SelectMany(a => a.GetTypes())
                    .Where(t => t.IsSubclassOf(typeof(StageSpec)) && !t.IsAbstract)
            );

    [Fact]
    public void A_constructor_asks_for_roles_of_its_spec_by_their_kind_and_only_an_optional_one_may_be_missing()
    {
        var specOf = StageFactory.Constructors.ToDictionary(c => c.Value.DeclaringType!, c => c.Key);
        var wrong = new List<string>();
        int roles = 0;
        foreach (var (spec, constructor) in StageFactory.Constructors)
        {
            var allowed = ((StageSpec)Activator.CreateInstance(spec)!).MayNeed.ToDictionary(n => n.Role);
            foreach (
                ParameterInfo parameter in constructor
                    .GetParameters()
                    .Where(p => p.ParameterType.IsSubclassOf(typeof(Stage)))
            )
            {
                roles++;
                bool mayMiss = new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.Nullable;
                if (
                    allowed.GetValueOrDefault(StageFactory.RoleOf(parameter)) is not { } need
                    || need.Kind != specOf[parameter.ParameterType]
                    || (need.Optional && !mayMiss)
                )
                {
                    wrong.Add($"{constructor.DeclaringType!.Name}.{parameter.Name}");
                }
            }
        }

        wrong.Should().BeEmpty();
        roles.Should().BeGreaterThan(20);
    }
}
